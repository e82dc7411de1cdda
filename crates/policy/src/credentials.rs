//! Credential stores that no boxed process can read by default.

/// A credential store below the user's home directory.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CredentialStore {
    /// The path below the home directory.
    pub path: &'static str,
    /// What is kept there.
    pub holds: &'static str,
}

/// Every store that is unreadable by default, below the home directory.
pub const CREDENTIAL_STORES: &[CredentialStore] = &[
    store(".ssh", "SSH keys"),
    store(".gnupg", "GnuPG keys"),
    store(".aws", "AWS credentials"),
    store(".azure", "Azure credentials"),
    store(".config/gcloud", "Google Cloud credentials"),
    store(".kube", "Kubernetes credentials"),
    store(".docker", "registry credentials"),
    store(".netrc", "passwords by host"),
    store(".npmrc", "npm tokens"),
    store(".pypirc", "PyPI tokens"),
    store(".cargo/credentials", "crates.io tokens"),
    store(".cargo/credentials.toml", "crates.io tokens"),
    store(".git-credentials", "git passwords"),
    store(".config/git/credentials", "git passwords"),
    store(".config/gh", "GitHub tokens"),
    store(".config/hub", "GitHub tokens"),
    store(".terraform.d/credentials.tfrc.json", "Terraform tokens"),
    store(".password-store", "passwords"),
    store(".local/share/keyrings", "keyrings"),
    store(".vault-token", "a Vault token"),
    store(".pgpass", "database passwords"),
    store(".my.cnf", "database passwords"),
    store(".bash_history", "the shell's history"),
    store(".zsh_history", "the shell's history"),
    store(".mozilla", "a browser's profile"),
    store(".config/google-chrome", "a browser's profile"),
    store(".config/chromium", "a browser's profile"),
    store(".codex/auth.json", "an agent's login"),
    store(".claude/.credentials.json", "an agent's login"),
    store(".gemini/oauth_creds.json", "an agent's login"),
    store(".local/share/cofferdam", "the journal"),
    store(".local/state/cofferdam", "the journal"),
];

const fn store(path: &'static str, holds: &'static str) -> CredentialStore {
    CredentialStore { path, holds }
}
