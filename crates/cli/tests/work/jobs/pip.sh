# A wheel and a source package, installed into a virtual environment.
# needs: python3
mkdir -p src/pack dist
printf 'from setuptools import setup\nsetup(name="pack", version="1.0", packages=["pack"], entry_points={"console_scripts": ["pack-say=pack:say"]})\n' >src/setup.py
printf 'def say():\n    print("from the source package")\n' >src/pack/__init__.py
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
pip install --quiet --no-build-isolation ./src 2>/dev/null
python -c 'import wheel_of_ours; wheel_of_ours.say()'
pack-say
pip uninstall --quiet --yes pack wheel-of-ours
python -c 'import pack' 2>/dev/null || echo "gone: $?"
