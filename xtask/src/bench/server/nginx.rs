//! nginx, serving the same files as fast as it can: one worker, no log. It looks at a file for every request, as ours does: a
//! timestamp that was replaced is answered at once.

use std::fs;
use std::net::TcpListener;
use std::process::Command;

use anyhow::{Context, Result};

use super::process::Served;
use super::stage::Stage;
use crate::command;

/// Starts it on a free port.
pub(super) fn start(stage: &Stage) -> Result<Served> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let folder = stage.folder().join("nginx");
    fs::create_dir_all(&folder)?;
    let file = folder.join("nginx.conf");
    let (at, served) = (folder.display(), stage.served());
    let served = served.display();
    let text = format!(
        "daemon off;\nworker_processes 1;\npid {at}/pid;\nerror_log {at}/error.log;\nevents {{}}\nhttp {{\n\
         access_log off;\nsendfile on;\ntcp_nopush on;\nkeepalive_requests 1000000000;\netag on;\n\
         types {{ application/json json; }}\ndefault_type application/octet-stream;\n\
         client_body_temp_path {at}/a;\nproxy_temp_path {at}/b;\nfastcgi_temp_path {at}/c;\nuwsgi_temp_path {at}/d;\n\
         scgi_temp_path {at}/e;\nserver {{\nlisten 127.0.0.1:{port};\nroot {served};\n}}\n}}\n"
    );
    fs::write(&file, format!("user root;\n{text}"))?;
    let program = command::find("nginx").context("nginx")?;
    let mut nginx = Command::new(program);
    nginx.arg("-c").arg(&file).arg("-e").arg(folder.join("error.log"));
    Served::other(&mut nginx, &format!("127.0.0.1:{port}"))
}
