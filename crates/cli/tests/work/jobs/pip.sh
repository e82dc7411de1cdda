# A wheel and a source package, installed into a virtual environment.
# needs: python3 ensurepip tar
# only: nobody
mkdir -p src/pack dist
printf 'def say():\n    print("from the source package")\n' >src/pack/__init__.py
printf '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n[project]\nname = "pack"\nversion = "1.0"\n' >src/pyproject.toml
cat >src/backend.py <<'END'
import zipfile
def build_wheel(to, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(to + "/pack-1.0-py3-none-any.whl", "w") as wheel:
        info = "pack-1.0.dist-info/"
        wheel.write("pack/__init__.py")
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\nName: pack\nVersion: 1.0\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\nGenerator: us\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(info + "entry_points.txt", "[console_scripts]\npack-say = pack:say\n")
        wheel.writestr(info + "RECORD", "pack/__init__.py,,\n")
    return "pack-1.0-py3-none-any.whl"
END
tar -C src -czf dist/pack-1.0.tar.gz --transform 's,^\.,pack-1.0,' .
python3 - <<'END'
import zipfile
with zipfile.ZipFile("dist/wheel_of_ours-1.0-py3-none-any.whl", "w") as wheel:
    info = "wheel_of_ours-1.0.dist-info/"
    wheel.writestr("wheel_of_ours.py", "def say():\n    print('from the wheel')\n")
    wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\nName: wheel-of-ours\nVersion: 1.0\n")
    wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\nGenerator: us\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    wheel.writestr(info + "RECORD", "wheel_of_ours.py,,\n")
END
export PIP_CACHE_DIR=$PWD/cache PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INDEX=1 PIP_ROOT_USER_ACTION=ignore
python3 -m venv venv
. venv/bin/activate
pip install --quiet dist/*.whl
pip install --quiet --no-build-isolation dist/pack-1.0.tar.gz
python -c 'import wheel_of_ours; wheel_of_ours.say()'
pack-say
pip uninstall --quiet --yes pack wheel-of-ours
python -c 'import pack' 2>/dev/null || echo "gone: $?"
