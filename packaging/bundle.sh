#!/usr/bin/env bash
# 做无网安装包：dist/jiezhi-版本-py311-架构.tar.gz，里面有全部依赖的安装文件、本平台和安装程序，装的时候不上网。
# 用法：bash packaging/bundle.sh [架构…]   缺省 x86_64 和 aarch64；在联网的机器上做，由 make bundle 调用。
set -euo pipefail
cd "$(dirname "$0")/.."
bin="${BIN:-.venv/bin}"
archs=("$@")
[ ${#archs[@]} -gt 0 ] || archs=(x86_64 aarch64)
version=$("$bin/python" -c 'import tomllib; print(tomllib.load(open("pyproject.toml", "rb"))["project"]["version"])')
series=$("$bin/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
tag="py${series/./}"
built=$(date -u +%Y-%m-%d)
commit=$(git rev-parse --short HEAD 2>/dev/null || echo 未知)

work=$(mktemp -d -t jiezhi-bundle-XXXXXX)
trap 'rm -rf "$work"' EXIT
mkdir -p dist

echo "本平台打成安装文件…"
# 从提交里取，工作区里没有提交的、生成的都不进去。
mkdir "$work/source"
git archive HEAD | tar -x -C "$work/source"
"$bin/pip" wheel -q --disable-pip-version-check --no-deps --no-build-isolation -w "$work/own" "$work/source"

for arch in "${archs[@]}"; do
  name="jiezhi-$version-$tag-$arch"
  root="$work/$name"
  mkdir -p "$root/wheels"
  echo "取 $arch 的依赖…"
  platforms=()
  for level in manylinux2014 manylinux_2_17 manylinux_2_24 manylinux_2_27 manylinux_2_28 manylinux_2_31 manylinux_2_34; do
    platforms+=(--platform "${level}_$arch")
  done
  "$bin/pip" download -q --disable-pip-version-check --only-binary=:all: "${platforms[@]}" \
    --python-version "$series" --implementation cp --abi "cp${series/./}" --abi abi3 --abi none \
    --require-hashes -r requirements/base.txt -r requirements/learn.txt -d "$root/wheels"
  cp "$work"/own/*.whl "$root/wheels/"
  cp requirements/base.txt requirements/learn.txt packaging/install.sh packaging/jiezhi.service "$root/"
  cp packaging/安装说明.md "$root/"
  printf '版本 %s\n提交 %s\n做成 %s\nPython %s\n架构 %s\n' "$version" "$commit" "$built" "$series" "$arch" >"$root/版本.txt"
  (cd "$root" && find . -type f ! -name SHA256SUMS -print0 | sort -z | xargs -0 sha256sum >SHA256SUMS)
  tar -C "$work" --sort=name --owner=0 --group=0 -czf "dist/$name.tar.gz" "$name"
  (cd dist && sha256sum "$name.tar.gz" >"$name.tar.gz.sha256")
  echo "做好了：dist/$name.tar.gz（$(du -h "dist/$name.tar.gz" | cut -f1)，$(find "$root/wheels" -name '*.whl' | wc -l) 个安装文件）"
done
