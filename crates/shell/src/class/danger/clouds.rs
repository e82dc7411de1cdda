//! Clouds, clusters and containers: what deletes or changes what others use.

use super::acts::{Act, act};
use super::found::Danger;

const PLAN: &str = "look at the plan (`terraform plan`), and leave applying it to the user";
const LOOK: &str = "look at it first (`get`, `describe`, `diff`), and leave the change to the user";
const DRY: &str = "try it with `--dry-run=client`, and leave the change to the user";
const LIST: &str = "list what it would touch, and leave the change to the user";

pub(super) const ACTS: &[Act] = &[
    act(
        ["terraform|tofu|terragrunt", "destroy", "", ""],
        Danger::Production,
        "destroys infrastructure",
        PLAN,
    ),
    act(
        ["terraform|tofu|terragrunt", "apply", "", ""],
        Danger::Production,
        "changes infrastructure",
        PLAN,
    ),
    act(
        ["terragrunt", "run-all apply|destroy", "", ""],
        Danger::Production,
        "changes infrastructure",
        PLAN,
    ),
    act(
        [
            "terraform|tofu|terragrunt",
            "state rm|push|mv|replace-provider",
            "",
            "",
        ],
        Danger::Production,
        "changes what is known of the infrastructure",
        PLAN,
    ),
    act(
        ["terraform|tofu|terragrunt", "workspace delete", "", ""],
        Danger::Production,
        "deletes a workspace",
        PLAN,
    ),
    act(
        [
            "terraform|tofu|terragrunt",
            "taint|force-unlock|import|untaint",
            "",
            "",
        ],
        Danger::Production,
        "changes what is known of the infrastructure",
        PLAN,
    ),
    act(
        [
            "kubectl|oc|k3s|microk8s",
            "delete|drain|cordon|evict|replace|scale|patch|set|edit|taint|autoscale",
            "",
            "--dry-run",
        ],
        Danger::Production,
        "changes a cluster",
        DRY,
    ),
    act(
        ["kubectl|oc", "apply|create|label|annotate", "", "--dry-run"],
        Danger::Production,
        "changes a cluster",
        DRY,
    ),
    act(
        ["kubectl|oc", "rollout restart|undo|pause", "", ""],
        Danger::Production,
        "changes what runs in a cluster",
        LOOK,
    ),
    act(
        ["kubectl|oc", "get secret|secrets", "", ""],
        Danger::ReadsSecret,
        "shows secrets of a cluster",
        "ask for the names only: `kubectl describe secret`",
    ),
    act(
        ["kubectl|oc", "config view", "--raw", ""],
        Danger::ReadsSecret,
        "shows the keys of clusters",
        "leave out `--raw`",
    ),
    act(
        ["kubectl|oc", "create token", "", ""],
        Danger::ReadsSecret,
        "makes a token",
        "",
    ),
    act(
        [
            "kubectl|oc",
            "config set-context|use-context|set-credentials|delete-context|set-cluster",
            "",
            "",
        ],
        Danger::Production,
        "changes which cluster is meant",
        "name the context in each command: `--context`",
    ),
    act(
        [
            "helm",
            "uninstall|delete|rollback|upgrade|install",
            "",
            "--dry-run",
        ],
        Danger::Production,
        "changes a cluster",
        "try it with `--dry-run`, or `helm template`",
    ),
    act(
        ["helmfile", "apply|sync|destroy|delete", "", ""],
        Danger::Production,
        "changes a cluster",
        "`helmfile diff`",
    ),
    act(
        [
            "kustomize|skaffold|tilt|argocd|flux",
            "delete|sync|down|uninstall|suspend",
            "",
            "",
        ],
        Danger::Production,
        "changes a cluster",
        LOOK,
    ),
    act(
        [
            "kops|eksctl|doctl|linode-cli|hcloud|scw|exo|civo|oci|ibmcloud|aliyun",
            "delete|destroy|remove|terminate|update",
            "",
            "",
        ],
        Danger::Production,
        "changes a cloud",
        LIST,
    ),
    act(
        [
            "eksctl|doctl|linode-cli|hcloud|scw|exo|civo|oci|ibmcloud|aliyun",
            "* delete|destroy|remove|rm|terminate|rebuild|reset",
            "",
            "",
        ],
        Danger::Production,
        "changes a cloud",
        LIST,
    ),
    act(
        [
            "doctl|oci|ibmcloud|aliyun",
            "* * delete|destroy|remove|rm|terminate",
            "",
            "",
        ],
        Danger::Production,
        "changes a cloud",
        LIST,
    ),
    act(
        ["aws", "s3 rm|rb|mv|sync", "", "--dryrun"],
        Danger::Production,
        "changes or deletes stored objects",
        "try it with `--dryrun`",
    ),
    act(
        ["aws", "s3 cp", "", "--dryrun"],
        Danger::SendsOut,
        "copies to or from a store that others may read",
        "try it with `--dryrun`",
    ),
    act(
        ["aws", "configure get|export-credentials", "", ""],
        Danger::ReadsSecret,
        "shows keys",
        "",
    ),
    act(
        [
            "aws",
            "secretsmanager get-secret-value|delete-secret|put-secret-value|batch-get-secret-value",
            "",
            "",
        ],
        Danger::ReadsSecret,
        "reads or changes secrets",
        "",
    ),
    act(
        [
            "aws",
            "ssm get-parameter|get-parameters|get-parameters-by-path",
            "--with-decryption",
            "",
        ],
        Danger::ReadsSecret,
        "reads secrets",
        "",
    ),
    act(
        ["aws", "ssm send-command|start-session", "", ""],
        Danger::Production,
        "runs commands on machines of others",
        "",
    ),
    act(
        [
            "aws",
            "sts get-session-token|assume-role|get-federation-token",
            "",
            "",
        ],
        Danger::ReadsSecret,
        "makes credentials",
        "",
    ),
    act(
        ["aws", "ecr get-login-password", "", ""],
        Danger::ReadsSecret,
        "shows a password",
        "",
    ),
    act(
        ["aws", "iam *", "", ""],
        Danger::WeakensSecurity,
        "is about who may do what",
        "read with `aws iam get-…` or `list-…` in the user's own terminal",
    ),
    act(
        [
            "aws",
            "cloudtrail|guardduty|configservice|securityhub|logs stop-logging|delete-trail|delete-detector|stop-configuration-recorder|put-event-selectors|delete-log-group|delete-log-stream|update-detector|disable-security-hub",
            "",
            "",
        ],
        Danger::WeakensSecurity,
        "switches records off",
        "",
    ),
    act(
        [
            "gcloud",
            "auth print-access-token|print-identity-token|application-default|activate-service-account",
            "",
            "",
        ],
        Danger::ReadsSecret,
        "shows or makes a token",
        "",
    ),
    act(
        ["gcloud", "secrets versions", "", ""],
        Danger::ReadsSecret,
        "reads secrets",
        "",
    ),
    act(
        ["gcloud", "iam|kms|organizations *", "", ""],
        Danger::WeakensSecurity,
        "is about who may do what",
        "",
    ),
    act(
        ["gcloud", "app|run|functions deploy", "", ""],
        Danger::Production,
        "deploys for others",
        "",
    ),
    act(
        ["az", "account get-access-token|clear", "", ""],
        Danger::ReadsSecret,
        "shows a token",
        "",
    ),
    act(
        ["az", "keyvault secret", "", ""],
        Danger::ReadsSecret,
        "reads secrets",
        "",
    ),
    act(
        ["az", "role|ad *", "", ""],
        Danger::WeakensSecurity,
        "is about who may do what",
        "",
    ),
    act(
        ["gsutil", "rm|rb|rsync|mv|iam|acl|setmeta", "", ""],
        Danger::Production,
        "changes or deletes stored objects",
        LIST,
    ),
    act(
        [
            "gsutil|s3cmd|mc|rclone|b2",
            "cp|put|sync|copy|move|copyto|upload",
            "",
            "--dry-run -n",
        ],
        Danger::SendsOut,
        "copies to or from a store that others may read",
        "try it with `--dry-run`",
    ),
    act(
        [
            "s3cmd|mc|rclone|b2|azcopy",
            "del|rm|rb|remove|purge|delete|deletefile|rmdirs|delete-bucket",
            "",
            "--dry-run -n",
        ],
        Danger::Production,
        "changes or deletes stored objects",
        "try it with `--dry-run`",
    ),
    act(
        ["bq", "rm|update|load|mk", "", "--dry_run"],
        Danger::Production,
        "changes data that others use",
        "",
    ),
    act(
        [
            "vault",
            "read|kv|token|write|delete|login|unseal|operator|print",
            "",
            "",
        ],
        Danger::ReadsSecret,
        "reads or changes secrets",
        "",
    ),
    act(
        [
            "op|bw|lpass|pass|rbw|gopass|doppler|infisical|chamber|akeyless|keepassxc-cli",
            "read|get|item|show|export|otp|inject|password|clip",
            "",
            "",
        ],
        Danger::ReadsSecret,
        "reads stored secrets",
        "",
    ),
    act(
        ["docker|podman|nerdctl", "system prune", "", ""],
        Danger::Deletes,
        "deletes what other work may need",
        "delete by name: `docker rm NAME`, `docker volume rm NAME`",
    ),
    act(
        [
            "docker|podman|nerdctl",
            "volume|image|container|network|builder|buildx prune",
            "",
            "",
        ],
        Danger::Deletes,
        "deletes what other work may need",
        "delete by name",
    ),
    act(
        ["docker|podman|nerdctl", "volume rm|remove", "", ""],
        Danger::Deletes,
        "deletes data",
        "keep a copy: `docker run --rm -v NAME:/v … tar`",
    ),
    act(
        ["docker|podman", "compose down|rm", "-v --volumes", ""],
        Danger::Deletes,
        "deletes the data of its services",
        "leave out `-v`",
    ),
    act(
        [
            "docker-compose|podman-compose",
            "down|rm",
            "-v --volumes",
            "",
        ],
        Danger::Deletes,
        "deletes the data of its services",
        "leave out `-v`",
    ),
    act(
        [
            "docker|podman",
            "swarm|stack|service|node|secret|config leave|rm|remove|update|scale|deploy|init|join|create",
            "",
            "",
        ],
        Danger::Production,
        "changes a swarm",
        LOOK,
    ),
    act(
        ["docker|podman", "login|logout", "", ""],
        Danger::WeakensSecurity,
        "changes credentials",
        "",
    ),
    act(
        [
            "lxc|incus|virsh|multipass|vagrant|VBoxManage|qm|pct",
            "delete|destroy|undefine|purge|unregistervm|stop|shutdown|reset",
            "",
            "",
        ],
        Danger::Production,
        "stops or deletes a machine",
        LIST,
    ),
    act(
        ["ansible-vault", "view|decrypt|edit", "", ""],
        Danger::ReadsSecret,
        "shows secrets",
        "",
    ),
    act(
        [
            "ansible-galaxy|packer|nomad|consul",
            "publish|stop|kv|job|force-leave|import",
            "",
            "",
        ],
        Danger::Production,
        "changes what others use",
        LIST,
    ),
];
