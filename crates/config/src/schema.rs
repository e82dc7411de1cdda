//! Every key of `config.toml`, declared once: reading, suggestions and
//! `docs/configuration.md` all follow this table.

use dam_policy::Limit;

/// One key.
#[derive(Debug)]
pub(crate) struct Key {
    pub name: &'static str,
    pub shape: Shape,
    pub by: By,
    /// What it does, for people.
    pub doc: &'static str,
}

/// What a key holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// One value.
    Leaf(Kind),
    /// A table of known keys.
    Table(&'static [Key]),
    /// A table of tables of known keys, under names of the user's own.
    Tables(Names, &'static [Key]),
    /// A table of values, under names of the user's own.
    Values(Names, Kind),
    /// `[profiles.<name>]`: tables of the keys of the top level.
    Profiles,
    /// `[permissions.<name>.filesystem]`: what is granted, by paths.
    Filesystem,
    /// A table of known keys, or a truth value that stands for its `enabled`.
    SwitchOrTable(&'static [Key]),
}

/// Kinds of values.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Access,
    Age,
    Approval,
    Directory,
    /// Where telemetry goes.
    Exporter,
    Git,
    HeaderValue,
    HostPatterns,
    HostPreset,
    Hosts,
    Inherit,
    Limit(Limit),
    /// A number that is written as this limit is.
    Measure(Limit),
    Methods,
    Mode,
    Name,
    /// True or false, of which only false is here, for this reason.
    OnlyFalse(&'static str),
    Needs,
    /// True or false, of which a project can only say false.
    NetworkAccess,
    NetworkMode,
    PathPrefixes,
    Patterns,
    Permission,
    Permissions,
    Persistence,
    Ports,
    Reviewer,
    /// A key of Codex that has no place here, for this reason.
    Refused(&'static str),
    /// What names of telemetry start with.
    Prefix,
    Roots,
    SecretFormat,
    Sensitivity,
    Number {
        least: u64,
        most: u64,
    },
    Switch,
    Trust,
    Url,
    Value,
    Variable,
    Variables,
    WireApi,
    Words,
}

/// What names of the user's own may look like.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Names {
    Identifier,
    Directory,
    Host,
    Variable,
    Header,
    Parameter,
}

/// Who may set a key.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum By {
    /// Every layer.
    Anybody,
    /// Not a project: it could redirect the session, or weaken what the user
    /// chose.
    Person,
    /// Neither a project nor a named profile.
    PersonOutsideProfiles,
}

impl By {
    /// The same for people.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Anybody => "every layer, a trusted project included",
            Self::Person => "every layer but a project",
            Self::PersonOutsideProfiles => "every layer but a project and a [profiles.<name>]",
        }
    }
}

const fn key(name: &'static str, shape: Shape, by: By, doc: &'static str) -> Key {
    Key {
        name,
        shape,
        by,
        doc,
    }
}

const fn leaf(name: &'static str, kind: Kind, doc: &'static str) -> Key {
    key(name, Shape::Leaf(kind), By::Anybody, doc)
}

/// The keys of the top level.
pub(crate) const TOP: &[Key] = &[
    leaf(
        "sandbox_mode",
        Kind::Mode,
        "what commands may touch: `read-only`, `workspace-write` or `danger-full-access`",
    ),
    leaf(
        "approval_policy",
        Kind::Approval,
        "when you are asked: `untrusted`, `on-request`, `on-failure`, `never`, or a table",
    ),
    key(
        "approvals_reviewer",
        Shape::Leaf(Kind::Reviewer),
        By::Person,
        "who answers questions: `user`, or `auto_review`, a model whose opinion code decides by",
    ),
    key(
        "flow",
        Shape::Table(FLOW),
        By::Person,
        "when reaching out is a question because of what the session has seen",
    ),
    key(
        "default_permissions",
        Shape::Leaf(Kind::Permissions),
        By::Person,
        "the profile to use: one of `[permissions]`, `:read-only`, `:workspace` or `:danger-full-access`",
    ),
    key(
        "permissions",
        Shape::Tables(Names::Identifier, PERMISSIONS),
        By::PersonOutsideProfiles,
        "profiles of your own: what commands may touch",
    ),
    key(
        "limits",
        Shape::Table(LIMITS),
        By::Person,
        "what a command may use up, under any profile; where the profile says something, too, the smaller counts",
    ),
    key(
        "history",
        Shape::Table(HISTORY),
        By::Person,
        "what is kept of sessions",
    ),
    key(
        "journal",
        Shape::Table(JOURNAL),
        By::Person,
        "how the record of sessions is kept",
    ),
    leaf("model", Kind::Name, "the model's name"),
    key(
        "model_provider",
        Shape::Leaf(Kind::Name),
        By::Person,
        "the provider to use, one of `[model_providers]`",
    ),
    key(
        "model_providers",
        Shape::Tables(Names::Identifier, PROVIDER),
        By::Person,
        "how to reach models",
    ),
    key(
        "otel",
        Shape::Table(OTEL),
        By::Person,
        "what is sent to a collector of telemetry: nothing, unless it is said here",
    ),
    key(
        "profile",
        Shape::Leaf(Kind::Name),
        By::PersonOutsideProfiles,
        "the named profile to use when `--profile` names none",
    ),
    key(
        "profiles",
        Shape::Profiles,
        By::PersonOutsideProfiles,
        "named profiles: the keys of the top level under a name",
    ),
    key(
        "projects",
        Shape::Tables(Names::Directory, PROJECT),
        By::PersonOutsideProfiles,
        "which projects you trust, by the path of their root",
    ),
    key(
        "sandbox_workspace_write",
        Shape::Table(WORKSPACE),
        By::Anybody,
        "what `workspace-write` grants",
    ),
    key(
        "scan",
        Shape::Table(SCAN),
        By::Person,
        "what a model may cost in `dam scan --model`",
    ),
    key(
        "secrets",
        Shape::Tables(Names::Identifier, SECRET),
        By::PersonOutsideProfiles,
        "secrets that are put into requests at the edge, so that commands never hold them: see [secrets](network.md#secrets)",
    ),
    key(
        "sensitivity",
        Shape::Leaf(Kind::Sensitivity),
        By::PersonOutsideProfiles,
        "classes of repositories, and what each asks for; they can only make stricter what an administrator requires: see [requirements](requirements.md#sensitivity)",
    ),
    key(
        "shell_environment_policy",
        Shape::Table(ENVIRONMENT),
        By::Person,
        "which variables commands are given",
    ),
    key(
        "features",
        Shape::Table(FEATURES),
        By::Person,
        "what older keys call features",
    ),
];

const HISTORY: &[Key] = &[
    leaf(
        "persistence",
        Kind::Persistence,
        "`save-all`, or `none`: then nothing of a session is written down",
    ),
    leaf("max_bytes", BYTES, "as `journal.max_bytes`"),
];

const JOURNAL: &[Key] = &[
    leaf(
        "max_age",
        Kind::Age,
        "how old a session may get before it is removed, as in `90d`",
    ),
    leaf(
        "max_bytes",
        BYTES,
        "how much room all journals may take, in bytes, before the oldest are removed",
    ),
    leaf(
        "key",
        Kind::Directory,
        "the directory of the key that signs, instead of one beside the journals",
    ),
];

const BYTES: Kind = Kind::Number {
    least: 100_000,
    most: 1 << 62,
};

const SCAN: &[Key] = &[
    leaf(
        "max_model_tokens",
        Kind::Number {
            least: 1,
            most: 1 << 62,
        },
        "the most tokens that a model may cost in one scan, in and out; 200000 if not set",
    ),
    key(
        "model_price",
        Shape::Table(MODEL_PRICE),
        By::Person,
        "what a million tokens cost: with it, a scan says beforehand what it is likely to cost",
    ),
];

const MODEL_PRICE: &[Key] = &[
    leaf(
        "input",
        PRICE,
        "a million tokens taken in, in hundredths of the currency",
    ),
    leaf(
        "output",
        PRICE,
        "a million tokens given out, in hundredths of the currency",
    ),
    leaf("currency", Kind::Name, "what that is in; `USD` if not set"),
];

const PRICE: Kind = Kind::Number {
    least: 0,
    most: 1_000_000_000,
};

const FLOW: &[Key] = &[
    leaf(
        "enabled",
        Kind::Switch,
        "`false` switches the flow rule off",
    ),
    leaf(
        "private",
        Kind::Roots,
        "files and directories that are private, absolute or from `~/`",
    ),
    leaf(
        "trusted_hosts",
        Kind::Hosts,
        "hosts that may be reached whatever the session has seen: `example.com`, `*.example.com`",
    ),
];

const WORKSPACE: &[Key] = &[
    leaf(
        "writable_roots",
        Kind::Roots,
        "more directories that are writable, absolute or from `~/`",
    ),
    leaf(
        "network_access",
        Kind::NetworkAccess,
        "`true` lets commands reach the network, through the proxy and by its rules: those of `[features.network_proxy]`, or every public host where there are none",
    ),
    leaf(
        "exclude_tmpdir_env_var",
        Kind::Switch,
        "`true` keeps the directory that `TMPDIR` names read-only",
    ),
    leaf(
        "exclude_slash_tmp",
        Kind::Switch,
        "`true` keeps `/tmp` read-only",
    ),
    OWN_TMP,
    GIT,
];

/// What a person says of a profile, under the older keys, too.
const OWN_TMP: Key = key(
    "own_tmp",
    Shape::Leaf(Kind::Switch),
    By::Person,
    "`true` gives commands a `/tmp` of their own instead of the host's",
);
const GIT: Key = key(
    "git",
    Shape::Leaf(Kind::Git),
    By::Person,
    "what may be done to the workspace's repositories: `read` or `commit`",
);

const PERMISSIONS: &[Key] = &[
    leaf("description", Kind::Name, "what it is for, for people"),
    leaf(
        "extends",
        Kind::Permissions,
        "the profile that it starts from: another of yours, `:read-only` or `:workspace`",
    ),
    key(
        "workspace_roots",
        Shape::Values(Names::Directory, Kind::Switch),
        By::Person,
        "directories that belong to the workspace, too: `true` or `false` for each",
    ),
    key(
        "filesystem",
        Shape::Filesystem,
        By::Person,
        "`read`, `write` or `deny` for each place, path or pattern",
    ),
    key(
        "network",
        Shape::Table(NETWORK),
        By::Person,
        "which hosts commands may reach, through the proxy: see [the network](network.md)",
    ),
    key(
        "environment",
        Shape::Table(ENVIRONMENT),
        By::Person,
        "which variables commands are given: the keys of `shell_environment_policy`, before which they count",
    ),
    key(
        "limits",
        Shape::Table(LIMITS),
        By::Person,
        "what a command may use up: the keys of `limits`",
    ),
    leaf(
        "needs",
        Kind::Needs,
        "what the boundary must give, else nothing runs: `hidden-processes`, `own-devices`, `own-loopback`, `own-ipc`, `own-tmp`, `late-stores`, `ceiling`",
    ),
    OWN_TMP,
    GIT,
];

const FEATURES: &[Key] = &[key(
    "network_proxy",
    Shape::SwitchOrTable(NETWORK),
    By::Person,
    "what `sandbox_workspace_write.network_access` may reach: the keys of `permissions.<name>.network`",
)];

const NETWORK: &[Key] = &[
    leaf(
        "enabled",
        Kind::Switch,
        "`true` switches the network on, as far as the other keys allow",
    ),
    leaf(
        "mode",
        Kind::NetworkMode,
        "`full`, or `limited` for `GET`, `HEAD` and `OPTIONS` only",
    ),
    leaf(
        "preset",
        Kind::HostPreset,
        "hosts that are allowed besides: `none`, `common-dependencies` or `all`",
    ),
    key(
        "domains",
        Shape::Values(Names::Host, Kind::Permission),
        By::Person,
        "`allow` or `deny` for each host: `example.com`, `*.example.com`, `**.example.com`, `*`, with or without a port",
    ),
    leaf(
        "ports",
        Kind::Ports,
        "the ports of hosts whose key names none, if not 80 and 443",
    ),
    leaf(
        "methods",
        Kind::Methods,
        "the methods that may be used, if not all",
    ),
    key(
        "requests",
        Shape::Tables(Names::Host, REQUESTS),
        By::Person,
        "what requests to some hosts may be, by the patterns of `domains`; a request must fit one of those that are about its host",
    ),
    key(
        "unix_sockets",
        Shape::Values(Names::Directory, Kind::Permission),
        By::Person,
        "`allow` or `deny` for sockets of the host, by their paths",
    ),
    key(
        "limits",
        Shape::Table(NETWORK_LIMITS),
        By::Person,
        "how much may go over the network",
    ),
    leaf(
        "allow_local_binding",
        Kind::Switch,
        "`true` lets a local address that `domains` names be reached without its port, too",
    ),
    leaf(
        "enable_socks5",
        Kind::Switch,
        "`false` serves HTTP only at the proxy's address",
    ),
    leaf(
        "allow_upstream_proxy",
        Kind::Switch,
        "`false` goes straight to hosts, also where `HTTPS_PROXY` names a proxy of your network",
    ),
    leaf(
        "enable_socks5_udp",
        Kind::OnlyFalse("nothing but TCP leaves the boundary"),
        "only `false`: nothing but TCP leaves the boundary",
    ),
    leaf(
        "dangerously_allow_non_loopback_proxy",
        Kind::OnlyFalse("nothing listens on the host"),
        "only `false`: nothing listens on the host",
    ),
    leaf(
        "dangerously_allow_all_unix_sockets",
        Kind::OnlyFalse("sockets are reached by their paths only, as `unix_sockets` names them"),
        "only `false`: sockets are reached by `unix_sockets` only",
    ),
    leaf(
        "proxy_url",
        Kind::Refused(
            "the proxy's address is inside the boundary, and nothing listens on the host",
        ),
        "refused: the proxy's address is inside the boundary",
    ),
    leaf(
        "socks_url",
        Kind::Refused(
            "the proxy's address is inside the boundary, and nothing listens on the host",
        ),
        "refused: the proxy's address is inside the boundary",
    ),
];

const REQUESTS: &[Key] = &[
    leaf(
        "methods",
        Kind::Methods,
        "the methods that may be used, if not all",
    ),
    leaf(
        "path_prefixes",
        Kind::PathPrefixes,
        "what paths begin with, by whole components: `/v1` is `/v1` and what is below it",
    ),
];

const NETWORK_LIMITS: &[Key] = &[
    leaf("sent", SIZE, "what is sent in a session, as in `100M`"),
    leaf(
        "sent_to_host",
        SIZE,
        "what is sent to one host in a session, as in `10M`",
    ),
    leaf("upload", SIZE, "what one request sends, as in `10M`"),
    leaf(
        "requests_per_minute",
        Kind::Number {
            least: 1,
            most: 1_000_000,
        },
        "connections and requests in any minute",
    ),
    leaf(
        "idle_time",
        TIME,
        "how long a connection may be silent, in seconds or as in `10m`",
    ),
    leaf(
        "total_time",
        TIME,
        "how long a connection may last, in seconds or as in `10m`",
    ),
];

const SIZE: Kind = Kind::Measure(Limit::Written);
const TIME: Kind = Kind::Measure(Limit::WallTime);

const SECRET: &[Key] = &[
    leaf(
        "file",
        Kind::Directory,
        "the file that holds it; yours, and readable for nobody else",
    ),
    leaf(
        "command",
        Kind::Words,
        "the command that prints it, as a list of words; it runs outside the boundary",
    ),
    key(
        "keyring",
        Shape::Values(Names::Identifier, Kind::Name),
        By::Person,
        "the attributes that `secret-tool lookup` finds it by",
    ),
    leaf(
        "header",
        Kind::Name,
        "the header that it belongs into; `Authorization` if not set",
    ),
    leaf(
        "hosts",
        Kind::HostPatterns,
        "the hosts that get it, by the patterns of `domains`; over TLS only, unless the port is named",
    ),
    leaf(
        "env",
        Kind::Variable,
        "the variable that carries the placeholder in the boundary",
    ),
    leaf(
        "format",
        Kind::SecretFormat,
        "what the variable holds, with `{}` for the placeholder; `{}` if not set",
    ),
];

const LIMITS: &[Key] = &[
    limit("memory", Limit::Memory, "memory, as in `2G`"),
    limit(
        "processes",
        Limit::Processes,
        "processes and threads at one time",
    ),
    limit(
        "cpu_time",
        Limit::CpuTime,
        "processor time, in seconds or as in `10m`",
    ),
    limit(
        "wall_time",
        Limit::WallTime,
        "time from start to end, in seconds or as in `10m`",
    ),
    limit("open_files", Limit::OpenFiles, "open files of one process"),
    limit(
        "file_size",
        Limit::FileSize,
        "the size of one file, as in `2G`",
    ),
    limit(
        "written",
        Limit::Written,
        "what is written to disks, as in `2G`",
    ),
];

const fn limit(name: &'static str, limit: Limit, doc: &'static str) -> Key {
    leaf(name, Kind::Limit(limit), doc)
}

const ENVIRONMENT: &[Key] = &[
    leaf(
        "inherit",
        Kind::Inherit,
        "what to start from: `all`, `core` or `none`",
    ),
    leaf(
        "ignore_default_excludes",
        Kind::Switch,
        "`true` hands on variables that look like secrets",
    ),
    leaf(
        "pass",
        Kind::Variables,
        "names of variables to hand on although they look like secrets",
    ),
    leaf(
        "exclude",
        Kind::Patterns,
        "names to leave out, with `*` and `?`, in any case",
    ),
    leaf(
        "include_only",
        Kind::Patterns,
        "if set, nothing but what matches one of these",
    ),
    key(
        "set",
        Shape::Values(Names::Variable, Kind::Value),
        By::Anybody,
        "variables to set",
    ),
];

const PROVIDER: &[Key] = &[
    leaf("name", Kind::Name, "its name for people"),
    leaf(
        "base_url",
        Kind::Url,
        "everything before `/responses`; required",
    ),
    leaf(
        "env_key",
        Kind::Variable,
        "the environment variable that holds the key",
    ),
    leaf(
        "wire_api",
        Kind::WireApi,
        "only `responses`, which is also the default",
    ),
    key(
        "http_headers",
        Shape::Values(Names::Header, Kind::HeaderValue),
        By::Anybody,
        "more headers of every request",
    ),
    key(
        "env_http_headers",
        Shape::Values(Names::Header, Kind::Variable),
        By::Anybody,
        "more headers, each from the environment variable it names",
    ),
    key(
        "query_params",
        Shape::Values(Names::Parameter, Kind::Value),
        By::Anybody,
        "more parameters of every request",
    ),
    leaf(
        "request_max_retries",
        RETRIES,
        "how often a request is repeated, at most 100",
    ),
    leaf(
        "stream_max_retries",
        RETRIES,
        "how often a broken stream is taken up again, at most 100",
    ),
    leaf(
        "stream_idle_timeout_ms",
        Kind::Number {
            least: 1,
            most: 86_400_000,
        },
        "how long a stream may be silent, in milliseconds",
    ),
];

const OTEL: &[Key] = &[
    leaf(
        "environment",
        Kind::Name,
        "the name of the environment; `dev` if not set",
    ),
    leaf(
        "exporter",
        Kind::Exporter,
        "where events go: `none`, or a table with `otlp-http` or `otlp-grpc`",
    ),
    leaf(
        "trace_exporter",
        Kind::Exporter,
        "where spans go, as `exporter`",
    ),
    leaf(
        "metrics_exporter",
        Kind::Exporter,
        "where metrics go, as `exporter`",
    ),
    leaf(
        "log_user_prompt",
        Kind::Switch,
        "`true` sends prompts, too, with secrets masked",
    ),
    leaf(
        "log_content",
        Kind::Switch,
        "`true` sends arguments, paths, hosts, reasons and messages, too, with secrets masked",
    ),
    leaf(
        "event_prefix",
        Kind::Prefix,
        "what names of events and metrics start with; `cofferdam.` if not set",
    ),
];

const RETRIES: Kind = Kind::Number {
    least: 0,
    most: 100,
};

const PROJECT: &[Key] = &[leaf(
    "trust_level",
    Kind::Trust,
    "`trusted` (at first sight, then as it was) or `untrusted` (always); required",
)];

/// The table at the top level that has a key of this name, for somebody who
/// wrote it at the wrong place.
pub(crate) fn table_with(name: &str) -> Option<&'static str> {
    TOP.iter()
        .find(|key| match key.shape {
            Shape::Table(keys) => keys.iter().any(|key| key.name == name),
            _ => false,
        })
        .map(|key| key.name)
}

#[cfg(test)]
mod tests;
