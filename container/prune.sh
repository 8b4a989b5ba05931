#!/bin/sh
# prune.sh FOLDER: removes from installed packages what no server imports. Only the build runs it.
# tests/image imports every module of every package in the finished images.
set -eu
cd "$1"

# Packages' own tests, type stubs and headers; scipy's generator scripts and RDKit's model of natural products, which
# nothing imports. RDKit's synthetic accessibility score (Contrib/SA_Score) stays: model authors use it.
find . -depth -type d \( -name tests -o -name test -o -path '*/pyarrow/include' -o -path '*/pyarrow/src' \
    -o -path '*/torch/include' -o -path '*/torch/share/cmake' -o -path '*/numpy/_core/include' \
    -o -path '*/rdkit/Contrib/NP_Score' \) -exec rm -rf {} +
find . -type f \( -name '*.pyi' -o -name '*.pxd' -o -name '*.pxi' -o -name '*.pyx' -o -name '*.a' -o -name '*.h' \
    -o -name '*.hpp' -o -name '*.cmake' \) -delete

# Arrow's remote procedure calls and its own way to S3, and two of the three copies of one library, which only a linker
# reads. All of Arrow is linked with its query plans (substrait), so those stay.
find . -path '*/pyarrow/*' \( -name '*flight*' -o -name 'libarrow_s3.so*' -o -name '_s3fs*' \
    -o -name 'libarrow_python*.so' -o -name 'libarrow_python*.so.*.*.*' \) -delete

# torch's own programs; `import torch` looks for torch_shm_manager.
find . -path '*/torch/bin/*' -type f ! -name torch_shm_manager -delete

# uv's lock, which anybody may write.
rm -f .lock
