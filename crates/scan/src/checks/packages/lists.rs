//! Names of modules and packages that are known: what languages bring along,
//! what packages are imported as, what is famous enough to be imitated.

/// Modules that come with Python.
pub(super) const PYTHON: &str = "\
    __future__ _thread _typeshed abc aifc annotationlib antigravity argparse array ast
    asynchat asyncio asyncore atexit audioop base64 bdb binascii bisect builtins bz2
    cProfile calendar cgi cgitb chunk cmath cmd code codecs codeop collections colorsys
    compileall compression concurrent configparser contextlib contextvars copy copyreg crypt
    csv ctypes curses dataclasses datetime dbm decimal difflib dis distutils doctest email
    encodings ensurepip enum errno faulthandler fcntl filecmp fileinput fnmatch fractions
    ftplib functools gc genericpath getopt getpass gettext glob graphlib grp gzip hashlib
    heapq hmac html http idlelib imaplib imghdr imp importlib inspect io ipaddress itertools
    json keyword lib2to3 linecache locale logging lzma mailbox mailcap marshal math
    mimetypes mmap modulefinder msilib msvcrt multiprocessing netrc nis nntplib nt ntpath
    nturl2path numbers opcode operator optparse os ossaudiodev pathlib pdb pickle
    pickletools pipes pkgutil platform plistlib poplib posix posixpath pprint profile pstats
    pty pwd py_compile pyclbr pydoc pydoc_data pyexpat queue quopri random re readline
    reprlib resource rlcompleter runpy sched secrets select selectors shelve shlex shutil
    signal site smtpd smtplib sndhdr socket socketserver spwd sqlite3 sre_compile
    sre_constants sre_parse ssl stat statistics string stringprep struct subprocess sunau
    symtable sys sysconfig syslog tabnanny tarfile telnetlib tempfile termios textwrap this
    threading time timeit tkinter token tokenize tomllib trace traceback tracemalloc tty
    turtle turtledemo types typing unicodedata unittest urllib uu uuid venv warnings wave
    weakref webbrowser winreg winsound wsgiref xdrlib xml xmlrpc zipapp zipfile zipimport
    zlib zoneinfo";

/// Modules that come with Node.js.
pub(super) const NODE: &str = "\
    assert async_hooks buffer child_process cluster console constants crypto dgram
    diagnostics_channel dns domain events fs http http2 https inspector module net os path
    perf_hooks process punycode querystring readline repl sea sqlite stream string_decoder
    sys test timers tls trace_events tty url util v8 vm wasi worker_threads zlib";

/// Packages of Python that are imported under another name, or that bring what
/// is imported.
#[rustfmt::skip]
pub(super) const IMPORTED_AS: &[(&str, &str)] = &[
    ("Crypto", "pycryptodome pycrypto"),
    ("Cryptodome", "pycryptodomex"),
    ("IPython", "ipython"),
    ("Levenshtein", "python-levenshtein levenshtein"),
    ("M2Crypto", "m2crypto"),
    ("MySQLdb", "mysqlclient"),
    ("OpenGL", "pyopengl"),
    ("OpenSSL", "pyopenssl"),
    ("PIL", "pillow"),
    ("Xlib", "python-xlib"),
    ("_pytest", "pytest"),
    ("allauth", "django-allauth"),
    ("attr", "attrs"),
    ("attrs", "attrs"),
    ("botocore", "boto3 botocore"),
    ("bs4", "beautifulsoup4"),
    ("bson", "pymongo"),
    ("cairo", "pycairo"),
    ("click", "click flask"),
    ("compressor", "django-compressor"),
    ("constance", "django-constance"),
    ("consul", "python-consul"),
    ("corsheaders", "django-cors-headers"),
    ("crispy_forms", "django-crispy-forms"),
    ("cv2", "opencv-python opencv-python-headless opencv-contrib-python"),
    ("dateutil", "python-dateutil"),
    ("debug_toolbar", "django-debug-toolbar"),
    ("decouple", "python-decouple"),
    ("discord", "discord.py discord-py"),
    ("django_filters", "django-filter"),
    ("dns", "dnspython"),
    ("docx", "python-docx"),
    ("dotenv", "python-dotenv"),
    ("drf_yasg", "drf-yasg"),
    ("editor", "python-editor"),
    ("engineio", "python-engineio"),
    ("environ", "django-environ"),
    ("etcd3", "etcd3"),
    ("fitz", "pymupdf"),
    ("flask_jwt_extended", "flask-jwt-extended"),
    ("flask_restful", "flask-restful"),
    ("flask_sqlalchemy", "flask-sqlalchemy"),
    ("gi", "pygobject"),
    ("git", "gitpython"),
    ("github", "pygithub"),
    ("gitlab", "python-gitlab"),
    ("google", "protobuf google-cloud-storage google-auth google-api-core google-generativeai google-genai"),
    ("googleapiclient", "google-api-python-client"),
    ("graphene_django", "graphene-django"),
    ("gridfs", "pymongo"),
    ("haystack", "django-haystack"),
    ("import_export", "django-import-export"),
    ("itsdangerous", "flask itsdangerous"),
    ("jinja2", "jinja2 flask"),
    ("jks", "pyjks"),
    ("jose", "python-jose"),
    ("jwt", "pyjwt"),
    ("ldap", "python-ldap"),
    ("ldap3", "ldap3"),
    ("lzo", "python-lzo"),
    ("magic", "python-magic"),
    ("markdown", "markdown"),
    ("markupsafe", "jinja2 markupsafe flask"),
    ("memcache", "python-memcached"),
    ("mock", "mock"),
    ("model_utils", "django-model-utils"),
    ("mpl_toolkits", "matplotlib"),
    ("multipart", "python-multipart"),
    ("nacl", "pynacl"),
    ("nmap", "python-nmap"),
    ("numpy", "numpy"),
    ("onelogin", "python3-saml"),
    ("oauth2_provider", "django-oauth-toolkit"),
    ("peewee", "peewee"),
    ("pip", "pip"),
    ("pkg_resources", "setuptools"),
    ("playhouse", "peewee"),
    ("pptx", "python-pptx"),
    ("psycopg", "psycopg"),
    ("psycopg2", "psycopg2-binary psycopg2"),
    ("pydantic", "pydantic fastapi"),
    ("pylab", "matplotlib"),
    ("pymysql", "pymysql"),
    ("pysnmp", "pysnmp"),
    ("pytest", "pytest"),
    ("pythoncom", "pywin32"),
    ("pywintypes", "pywin32"),
    ("rest_framework", "djangorestframework"),
    ("rest_framework_simplejwt", "djangorestframework-simplejwt"),
    ("ruamel", "ruamel-yaml"),
    ("scapy", "scapy"),
    ("serial", "pyserial"),
    ("setuptools", "setuptools"),
    ("six", "six"),
    ("skimage", "scikit-image"),
    ("sklearn", "scikit-learn"),
    ("slugify", "python-slugify"),
    ("snappy", "python-snappy"),
    ("socketio", "python-socketio"),
    ("socks", "pysocks"),
    ("speech_recognition", "speechrecognition"),
    ("sqlalchemy", "sqlalchemy flask-sqlalchemy"),
    ("starlette", "fastapi starlette"),
    ("storages", "django-storages"),
    ("telegram", "python-telegram-bot"),
    ("tlz", "toolz"),
    ("torch", "torch"),
    ("umap", "umap-learn"),
    ("usb", "pyusb"),
    ("webob", "webob"),
    ("websocket", "websocket-client"),
    ("werkzeug", "flask werkzeug"),
    ("win32api", "pywin32"),
    ("win32con", "pywin32"),
    ("win32event", "pywin32"),
    ("win32file", "pywin32"),
    ("win32pipe", "pywin32"),
    ("ws4py", "ws4py"),
    ("wx", "wxpython"),
    ("yaml", "pyyaml"),
    ("zmq", "pyzmq"),
];

/// Well-known packages of PyPI, written down by hand.
pub(super) const FAMOUS_PYTHON: &str = "\
    aiofiles aiohttp aiosqlite alembic anthropic anyio apache-airflow arrow asyncpg attrs
    awscli azure-core bandit bcrypt beautifulsoup4 black bleach boto3 botocore bottle
    cachetools celery certifi cffi chardet charset-normalizer click cloudpickle colorama
    coverage cryptography cython dask databricks-sdk distlib django django-allauth
    django-cors-headers django-filter djangorestframework dnspython docker docutils duckdb
    elasticsearch fastapi filelock flake8 flask flask-cors flask-login flask-sqlalchemy
    fsspec gensim gevent gitpython google-api-core google-auth google-cloud-storage greenlet
    grequests grpcio gunicorn h11 httpcore httptools httpx huggingface-hub hypothesis idna
    importlib-metadata ipython isort itsdangerous jedi jinja2 jmespath joblib jsonschema
    jupyter keras kiwisolver langchain langchain-core lightgbm litellm loguru lxml mako
    markdown markupsafe marshmallow matplotlib mccabe mlflow mock msgpack multidict mypy
    mypy-extensions networkx nltk notebook nox numba numpy oauthlib openai opencv-python
    openpyxl orjson packaging pandas paramiko passlib pathspec peewee pexpect pillow pip
    pipenv pipx platformdirs plotly pluggy poetry polars prometheus-client protobuf psutil
    psycopg psycopg2 psycopg2-binary ptyprocess pyarrow pyasn1 pycparser pydantic
    pydantic-core pydantic-settings pygments pyjwt pylint pymongo pymysql pynacl pyopenssl
    pyparsing pytest pytest-asyncio pytest-cov pytest-mock python-dateutil python-dotenv
    python-jose python-multipart pytz pyyaml ray redis regex requests requests-oauthlib
    requests-toolbelt rich rsa ruff s3transfer scikit-learn scipy scrapy seaborn selenium
    sentry-sdk setuptools shapely simplejson six sniffio soupsieve spacy sphinx sqlalchemy
    sqlparse starlette statsmodels streamlit structlog sympy tabulate tenacity tensorflow
    termcolor tinycss2 tokenizers toml tomli torch torchvision tornado tox tqdm traitlets
    transformers trio twisted typer typing-extensions tzdata ujson urllib3 uvicorn uvloop
    virtualenv wandb watchdog wcwidth webencodings websocket-client websockets werkzeug
    wheel wrapt xgboost xmltodict yarl zipp zope-interface";

/// Well-known packages of npm, written down by hand.
pub(super) const FAMOUS_NPM: &str = "\
    acorn ajv angular ansi-regex ansi-styles apollo-client apollo-server async autoprefixer
    aws-sdk axios babel-core babel-loader bcrypt bcryptjs bluebird body-parser bootstrap
    bunyan chai chalk chart.js cheerio chokidar classnames clsx coa colors commander
    concurrently cookie-parser cookie-session cors cross-env cross-spawn css-loader cypress
    d3 date-fns dayjs debug dotenv ejs electron esbuild eslint event-stream execa express
    express-session fastify file-loader firebase firebase-admin form-data formik fs-extra
    glob globby got graceful-fs graphql handlebars hapi helmet highlight.js
    html-webpack-plugin husky iconv-lite immer immutable inherits inquirer ioredis
    is-promise jasmine jest joi jquery jsdom jsonwebtoken kind-of knex koa leaflet left-pad
    lerna less lint-staged lodash log4js marked micromatch minimatch minimist mkdirp mocha
    moment mongodb mongoose morgan multer mustache mysql mysql2 nanoid next node-fetch
    node-sass nodemailer nodemon npm-run-all nuxt nx ora parcel passport passport-local pg
    pino playwright pm2 postcss preact prettier prisma prismjs pug puppeteer qs querystring
    ramda rc react react-dom react-hook-form react-redux react-router react-router-dom
    readable-stream redis redux redux-saga redux-thunk request rimraf rollup rxjs
    safe-buffer sass semver sequelize shelljs sinon socket.io socket.io-client sqlite3
    storybook string-width strip-ansi stripe style-loader styled-components supports-color
    svelte swr tailwindcss three through2 ts-loader ts-node tslib turbo typeorm typescript
    ua-parser-js underscore uuid validator vite vitest vue webpack webpack-cli winston
    wrap-ansi ws yargs yup zod zustand";

/// Well-known crates, written down by hand.
pub(super) const FAMOUS_CARGO: &str = "\
    actix-web aes ahash ansi_term anyhow arc-swap argon2 async-std async-trait axum base64
    bcrypt bincode bitflags bytes cfg-if chrono ciborium clap colored console criterion
    crossbeam crossterm csv curve25519-dalek dashmap dialoguer diesel dirs ed25519-dalek
    either env_logger flate2 futures futures-util git2 gix glob globset hashbrown hex hmac
    http hyper ignore indexmap indicatif insta itertools jiff jsonwebtoken lazy_static libc
    log md5 memchr mime mio mockall mongodb native-tls nix nom notify num num-bigint
    num-traits once_cell openssl parking_lot pest petgraph polling proc-macro2 proptest
    prost quick-xml quickcheck quote rand rand_core ratatui rayon redis regex reqwest ring
    rmp-serde rocket rusqlite rustix rustls secp256k1 semver serde serde_derive serde_json
    serde_yaml sha1 sha2 signal-hook similar smallvec smol socket2 sqlx structopt strum
    strum_macros subtle syn tar tempfile termcolor thiserror time tokio tokio-tungstenite
    toml tonic tower tower-http tracing tracing-subscriber tree-sitter tungstenite
    unicode-normalization unicode-width ureq url uuid walkdir warp winapi windows
    windows-sys x25519-dalek zeroize zip";
