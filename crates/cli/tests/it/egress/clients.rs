//! Real clients through the way out, each with servers on the loopback.

use std::fs;
use std::path::Path;

use dam_testkit::environment::{Environment, Outcome};
use dam_testkit::otlp::Collector;

use super::{Outside, command, settings};
use crate::everybody;

/// A place where a boxed command may reach a forge and registries.
struct Scene {
    environment: Environment,
    servers: Outside,
}

impl Scene {
    fn all() -> impl Iterator<Item = Self> {
        everybody().into_iter().map(|environment| {
            let servers = Outside::serving(&environment, "registry.py");
            let ports = servers.ports();
            let hosts = ["good", "http2"].map(|name| format!("127.0.0.1:{}", ports[name]));
            environment.write_config(&settings(&hosts, ""));
            Self {
                environment,
                servers,
            }
        })
    }

    fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.servers.ports()["good"])
    }

    /// A script in the boundary, which must succeed; with what it said.
    fn sh(&self, script: &str) -> Outcome {
        let run = self.environment.dam(["run", "--", "sh", "-ec", script]);
        let outcome = run.run();
        assert!(outcome.success(), "{script}: {}", outcome.page());
        outcome
    }
}

#[test]
fn git_fetches_over_http() {
    for scene in Scene::all() {
        let base = scene.base();
        // In the workspace a boxed command may not make a repository.
        scene.environment.init_repository();
        let words = ["run", "--allow-git", "--", "sh", "-ec"];
        let script =
            format!("git fetch -q {base}/git/hello.git HEAD && git log --format=%s FETCH_HEAD");
        let outcome = scene.environment.dam(words).arg(script).run();
        assert_eq!(outcome.stdout, "hello\n", "{}", outcome.page());
    }
}

/// A clone is a repository, which nothing on the host may come to use: it can
/// be made where it goes with the box.
#[test]
fn git_clones_over_http_into_a_tmp_of_the_boxs_own() {
    for scene in Scene::all() {
        let base = scene.base();
        let script = format!(
            "git clone -q {base}/git/hello.git /tmp/hello && git -C /tmp/hello log --format=%s && \
             if git clone -q {base}/git/hello.git here 2>/dev/null; then exit 1; fi"
        );
        let words = [
            "run",
            "-c",
            "permissions.mine.own_tmp=true",
            "--",
            "sh",
            "-ec",
        ];
        let outcome = scene.environment.dam(words).arg(script).run();
        assert_eq!(outcome.stdout, "hello\n", "{}", outcome.page());
        assert!(!scene.environment.work().join("here/.git").exists());
    }
}

#[test]
fn pip_and_npm_install_from_a_registry() {
    for scene in Scene::all() {
        let base = scene.base();
        if Path::new("/usr/bin/pip3").exists() {
            scene.sh(&format!(
                "/usr/bin/python3 -m pip install -q --disable-pip-version-check --no-cache-dir \
                 --index-url {base}/simple --target here hello && test -e here/hello.py"
            ));
        }
        if Path::new("/usr/bin/npm").exists() {
            scene.sh(&format!(
                "echo '{{\"name\": \"mine\"}}' > package.json && npm_config_cache=$PWD/cache npm install --silent \
                 --no-audit --no-fund --registry {base}/npm/ hello && test -e node_modules/hello/package.json"
            ));
        }
    }
}

#[test]
fn cargo_fetches_from_a_sparse_registry() {
    // Where the tests run is a cargo; not everybody may enter its directory.
    let Some(scene) = Scene::all().next() else {
        return;
    };
    let base = scene.base();
    let manifest = "[package]\nname = \"mine\"\nversion = \"1.0.0\"\nedition = \"2021\"\n\
                    [dependencies]\nhello = { version = \"1\", registry = \"here\" }\n";
    scene.environment.write("mine/Cargo.toml", manifest);
    scene.environment.write("mine/src/lib.rs", "");
    let cargo = env!("CARGO");
    let toolchain = Path::new(cargo).parent().unwrap_or(Path::new("/"));
    scene.sh(&format!(
        "cd mine && CARGO_HOME=$PWD/.home RUSTC={}/rustc CARGO_REGISTRIES_HERE_INDEX=sparse+{base}/index/ {cargo} fetch -q && \
         ls .home/registry/cache/*/hello-1.0.0.crate",
        toolchain.display()
    ));
}

#[test]
fn curl_speaks_both_versions_of_http_with_proxy_and_without() {
    for scene in Scene::all() {
        let base = scene.base();
        let http2 = format!("http://127.0.0.1:{}", scene.servers.ports()["http2"]);
        let outcome = scene.sh(&format!(
            "curl -sS {base}/; echo; curl -sS --noproxy '' -x \"$HTTP_PROXY\" {base}/; echo; \
             curl -sS --noproxy '' -x \"$ALL_PROXY\" {base}/; echo; curl -sS --http2-prior-knowledge {http2}/"
        ));
        assert_eq!(outcome.stdout, "ok\nok\nok\nhttp/2.0");
    }
}

/// A call of a service, to a server of `tonic`: a frame of an empty message
/// over HTTP/2, and the status in the trailers.
#[test]
fn a_grpc_call_has_its_status_in_the_trailers() {
    for environment in everybody() {
        let collector = Collector::start();
        let host = format!("127.0.0.1:{}", collector.port());
        environment.write_config(&settings(std::slice::from_ref(&host), ""));
        let script = format!(
            "printf '\\000\\000\\000\\000\\000' > frame && curl -sS --noproxy '*' \
             --http2-prior-knowledge -H 'content-type: application/grpc' -H 'te: trailers' \
             --data-binary @frame -D - -o answer \
             http://{host}/opentelemetry.proto.collector.logs.v1.LogsService/Export"
        );
        let outcome = environment.dam(["run", "--", "sh", "-ec", &script]).run();
        let said = &outcome.stdout;
        assert!(said.starts_with("HTTP/2 200"), "{}", outcome.page());
        assert!(said.contains("grpc-status: 0"), "{}", outcome.page());
        assert_eq!(collector.taken().len(), 1, "{}", outcome.page());
    }
}

#[test]
fn node_fetches_and_speaks_web_socket() {
    for scene in Scene::all() {
        let base = scene.base();
        let port = scene.servers.ports()["good"];
        let outcome = scene.sh(&format!(
            "node -e \"fetch('{base}/').then(r => r.text()).then(console.log)\"; \
             node -e \"require('http').get({{host: '127.0.0.1', port: {port}, headers: {{Connection: 'Upgrade', Upgrade: 'websocket', \
             'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==', 'Sec-WebSocket-Version': '13'}}}}).on('upgrade', (a, s, h) => {{ \
             const say = d => d.length && (console.log(d.subarray(2, 7).toString()), process.exit()); say(h); s.on('data', say) }})\""
        ));
        assert_eq!(outcome.stdout, "ok\nhello\n");
    }
}

/// Dials where it is told, and asks nobody for a way.
const STATIC: &str = r#"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(int n, char **words) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(words[1]))};
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    int one = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(one, (struct sockaddr *)&to, sizeof to)) return perror("connect"), 1;
    const char *ask = "GET / HTTP/1.0\r\nHost: 127.0.0.1:%s\r\n\r\n";
    dprintf(one, ask, words[1]);
    char text[4096];
    ssize_t read_, all = 0;
    while ((read_ = read(one, text + all, sizeof text - 1 - all)) > 0) all += read_;
    text[all > 0 ? all : 0] = 0;
    puts(all > 2 ? text + all - 2 : "nothing");
}
"#;

#[test]
fn a_static_program_that_knows_no_proxy_gets_there() {
    for scene in Scene::all() {
        let source = scene.environment.write("dial.c", STATIC);
        let program = scene.environment.work().join("dial");
        let built = command("cc")
            .args(["-static", "-o"])
            .args([&program, &source])
            .status();
        assert!(built.expect("run `cc`").success());
        let port = scene.servers.ports()["good"];
        assert_eq!(scene.sh(&format!("./dial {port}")).stdout, "ok\n");
    }
}

#[test]
fn a_virtual_machine_that_knows_no_proxy_gets_there() {
    if !Path::new("/usr/bin/java").exists() {
        return;
    }
    let Some(scene) = Scene::all().next() else {
        return;
    };
    let program = "class Get { public static void main(String[] a) throws Exception { \
                   System.out.println(new String(new java.net.URL(a[0]).openStream().readAllBytes())); } }";
    scene.environment.write("Get.java", program);
    let base = scene.base();
    let said = scene
        .sh(&format!("java -XX:TieredStopAtLevel=1 Get.java {base}/"))
        .stdout;
    assert_eq!(said, "ok\n");
    assert!(fs::exists(scene.environment.work().join("Get.java")).is_ok_and(|there| there));
}
