//! Hostile words and a hostile page: what a publisher or an enrolment says is text and nothing else, and a page that has been
//! taken over can do no more than a person at its buttons.

use std::net::{TcpListener, TcpStream};

use anyhow::{Context, Result, ensure};
use autoupdate_tests::desktop::{Desktop, Window};
use autoupdate_tests::{Host, Person, Publisher, poll_until, program};
use serde_json::{Value, json};

/// Nothing happens by itself, so whatever is seen was clicked.
const BY_HAND: &str = "mode = \"off\"\nhealth = { probe = [\"--version\"] }";

const CARD: &str = "[data-app=demo]";

/// A program's name with markup, marks that turn the direction, and what menus take for marks of their own.
const NAME: &str = "<img src=x onerror=alert(1)><b>E\\u202egnp</b> R&D _x\\u2066";
/// What is left of it.
const NAME_SEEN: &str = "<img src=x onerror=alert(1)><b>Egnp</b> R&D _x";

/// Where a page would go that may go anywhere. Nobody is to come.
struct Elsewhere(TcpListener);

impl Elsewhere {
    fn new() -> Result<Self> {
        Ok(Self(TcpListener::bind(("127.0.0.1", 0))?))
    }

    fn url(&self) -> Result<String> {
        Ok(format!("http://{}", self.0.local_addr()?))
    }

    /// The first one who comes is the test itself.
    fn heard_nothing(&self) -> Result<()> {
        let ours = TcpStream::connect(self.0.local_addr()?)?;
        let (_, first) = self.0.accept()?;
        ensure!(first == ours.local_addr()?, "somebody came before: {first}");
        Ok(())
    }
}

/// Everything that has ever run in a page that shows Markdown.
fn hostile_notes(url: &str) -> String {
    let nested: String = (0..300).map(|depth| format!("{}- x\n", " ".repeat(2 * (depth % 40)))).collect();
    format!(
        "# What <b>is</b> new\n\n\
         <script>window.__pwned = 1</script><SCRIPT SRC={url}/a.js></SCRIPT>\n\n\
         Go [here](javascript:window.__pwned=2), [there](data:text/html,<script>window.__pwned=3</script>) or <{url}/auto>.\n\n\
         <svg onload=\"window.__pwned=4\"><circle r=9 /></svg>\n\
         <iframe src=\"{url}/frame\" srcdoc=\"<script>top.__pwned=5</script>\"></iframe>\n\
         <meta http-equiv=\"refresh\" content=\"0;url={url}/meta\"><base href=\"{url}\">\n\
         <style>* {{ background: url({url}/style) }}</style><link rel=stylesheet href={url}/css>\n\
         <img src=x onerror=\"window.__pwned=6\">\n\n\
         ![a picture]({url}/picture.png) ![b](\"{url}/b\" onerror=window.__pwned=7)\n\n\
         evil\u{202e}txt.exe\u{2069} and &#x202e;again, &lt;script&gt;window.__pwned=8&lt;/script&gt; &amp;lt;\n\n\
         `<script>window.__pwned=9</script>` {{{{constructor.constructor('window.__pwned=10')()}}}}\n\n\
         ```html\n<iframe src={url}></iframe>\n```\n\n{nested}\n\n{}[x]({url})\n",
        "- ".repeat(4000) + &">".repeat(4000)
    )
}

#[test]
fn notes_and_names_are_words_whatever_they_hold() -> Result<()> {
    let test = "desktop::hostile::notes_and_names_are_words_whatever_they_hold";
    let Some(desktop) = Desktop::or_skip(test)? else { return Ok(()) };
    let (elsewhere, publisher) = (Elsewhere::new()?, Publisher::of(&["1.0.0"])?);
    let url = elsewhere.url()?;
    let notes = hostile_notes(&url);
    // Sixty kilobytes are signed, ten megabytes are not.
    let long = format!("{notes}\n\n{}", "long <b onclick=window.__pwned=11>words</b> ".repeat(1000));
    let cut = long.get(..60_000).context("60 KB of notes")?;
    publisher.release_told("1.5.0", &program("1.5.0"), cut)?;
    publisher.release_told("2.0.0", &program("2.0.0"), &notes)?;
    ensure!(publisher.release_told("3.0.0", &program("3.0.0"), &"x".repeat(10 << 20)).is_err());
    let host = Host::serve(&publisher.site())?;
    let person = Person::enrolled(&program("1.0.0"), &publisher.root()?, &host.url(), BY_HAND)?;
    let enrolment = person.folders().user_apps().join("demo.toml");
    let text = std::fs::read_to_string(&enrolment)?;
    std::fs::write(&enrolment, text.replace("name = \"Demo\"", &format!("name = \"{NAME}\"")))?;

    let notices = desktop.quiet_server("Test")?;
    let tray = desktop.tray()?;
    let window = desktop.window(&person)?;
    let icon = tray.icon()?;
    window.click(&format!("{CARD} [data-act=check]"))?;
    window.says(".notes h3", "2.0.0")?;
    window.says(".notes", "What is new")?;
    let seen = window.run(INERT, &json!({}))?;
    let seen = &seen["done"];
    assert_eq!(seen["foreign"], json!([]), "elements that the notes made");
    assert_eq!(seen["attributes"], json!([]), "attributes that the notes made");
    assert_eq!((&seen["turned"], &seen["pwned"]), (&json!(false), &Value::Null));
    assert_eq!(seen["scripts"], 1, "our own");
    assert_eq!(seen["name"], NAME_SEEN);
    let words = seen["words"].as_str().context("words")?;
    for word in
        ["Go here, there or", "a picture", "eviltxt.exe and again", "<script>window.__pwned=8</script> &lt;"]
    {
        ensure!(words.contains(word), "{word}: {words:.2000}");
    }
    let between = seen["headings"].as_array().context("headings")?;
    ensure!(between.iter().filter(|heading| *heading == "1.5.0").count() == 1, "{between:?}");

    // The same name in the tray, where an underscore is doubled, and in a notification, whose body may have markup.
    let line = format!("{} 2.0.0 is available", NAME_SEEN.replace('_', "__"));
    icon.says(&line)?;
    window.click(&format!("{CARD} [data-act=install]"))?;
    let [summary, body] = poll_until("it is told that it is ready", || notices.told().pop())?;
    assert_eq!(summary, format!("{NAME_SEEN} 2.0.0 is ready"));
    let inert = NAME_SEEN.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    ensure!(body.contains(&format!("{inert} opens again")), "{body}");
    elsewhere.heard_nothing()
}

/// What the card is made of, beside what we make ourselves.
const INERT: &str = "
    const card = document.querySelector('[data-app=demo]');
    const notes = card.querySelector('.notes');
    const ours = 'SECTION H3 H4 DIV P UL OL LI STRONG CODE PRE BDI SPAN BUTTON'.split(' ');
    const all = [...notes.querySelectorAll('*')];
    const foreign = [...all.filter((one) => !ours.includes(one.tagName)),
        ...card.querySelectorAll('script, a, img, iframe, style, link, meta, base, form, object, embed, svg :not(path, rect, text, circle, g)')];
    const known = ['class', 'dir', 'type', 'aria-expanded'];
    const attributes = all.flatMap((one) => one.getAttributeNames()).filter((name) => !known.includes(name));
    return {
        foreign: foreign.map((one) => one.outerHTML.slice(0, 200)),
        attributes,
        turned: /[\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]/.test(notes.textContent.slice(notes.querySelector('h3').textContent.length)),
        pwned: window.__pwned ?? null,
        scripts: document.scripts.length,
        name: card.querySelector('h2 bdi').textContent,
        words: notes.textContent,
        headings: [...notes.querySelectorAll('h4')].map((one) => one.textContent),
    };";

/// Commands of Tauri, of its plugins and of nobody.
const FORBIDDEN: &[&str] = &[
    "plugin:fs|read_text_file",
    "plugin:fs|write_file",
    "plugin:shell|execute",
    "plugin:shell|open",
    "plugin:opener|open_url",
    "plugin:http|fetch",
    "plugin:dialog|open",
    "plugin:process|exit",
    "plugin:updater|install",
    "plugin:window|create",
    "plugin:window|close",
    "plugin:window|set_title",
    "plugin:window|get_all_windows",
    "plugin:webview|create_webview_window",
    "plugin:webview|internal_toggle_devtools",
    "plugin:webview|set_webview_zoom",
    "plugin:event|listen",
    "plugin:event|emit",
    "plugin:event|emit_to",
    "plugin:path|resolve_directory",
    "plugin:app|version",
    "plugin:app|app_hide",
    "plugin:menu|new",
    "plugin:tray|new",
    "plugin:image|from_path",
    "plugin:resources|close",
    "plugin:autoupdate|act",
    "plugin:|act",
    "core:window:close",
    "take_over",
    "install",
    "activate",
    "reload",
    "Act",
    "act ",
    "../act",
    "__proto__",
    "",
];

#[test]
fn a_page_that_was_taken_over_stays_where_it_is_and_asks_no_more_than_is_listed() -> Result<()> {
    let test =
        "desktop::hostile::a_page_that_was_taken_over_stays_where_it_is_and_asks_no_more_than_is_listed";
    let Some(desktop) = Desktop::or_skip(test)? else { return Ok(()) };
    let (elsewhere, publisher) = (Elsewhere::new()?, Publisher::of(&["1.0.0"])?);
    let host = Host::serve(&publisher.site())?;
    let person = Person::enrolled(&program("1.0.0"), &publisher.root()?, &host.url(), BY_HAND)?;
    let window = desktop.window(&person)?;
    window.says(CARD, "Not checked by itself")?;
    let whole = json!({ "app": "demo", "act": "check", "path": "/etc/passwd", "url": "https://x", "label": "main",
        "event": "x", "target": { "kind": "Any" }, "program": "sh", "args": [], "value": "owned", "options": {} });
    for command in FORBIDDEN {
        let answer = window.invoke(command, &whole)?;
        ensure!(answer.get("refused").is_some(), "{command:?}: {answer}");
    }
    let answer = window.invoke("history", &json!({}))?;
    ensure!(answer.get("done").is_some(), "what is listed is answered: {answer}");

    let tried = window.run(WITHIN, &json!({ "url": elsewhere.url()? }))?;
    assert_eq!(tried["done"], json!({ "pwned": null, "fetched": [], "blocked": true }), "what the page made");

    let at = window.run("return location.href", &json!({}))?;
    for away in AWAY {
        window.run(away, &json!({ "url": elsewhere.url()? }))?;
        stays(&window, &at).with_context(|| (*away).to_owned())?;
    }
    assert_eq!(desktop.windows("Updates")?, 1, "no other window, and the title is ours");
    elsewhere.heard_nothing()
}

/// Makes what would run or load something, and tells what did.
const WITHIN: &str = "
    let blocked = false;
    addEventListener('securitypolicyviolation', () => { blocked = true; });
    const put = (name, of) => document.body.append(Object.assign(document.createElement(name), of));
    put('script', { textContent: 'window.__pwned = 1' });
    put('script', { src: `${given.url}/script` });
    put('script', { src: 'data:text/javascript,window.__pwned = 2' });
    put('img', { src: `${given.url}/img` });
    put('iframe', { src: `${given.url}/frame` });
    put('iframe', { srcdoc: '<script>parent.__pwned = 3</scr' + 'ipt>' });
    put('link', { rel: 'stylesheet', href: `${given.url}/css` });
    put('object', { data: `${given.url}/object` });
    document.body.insertAdjacentHTML('beforeend', `<div onclick='window.__pwned = 4' style='background: url(${given.url}/style)'></div>`);
    document.body.lastChild.click();
    const tries = {
        fetch: () => fetch(`${given.url}/fetch`, { mode: 'no-cors' }),
        import: () => import(`${given.url}/import`),
        eval: () => (0, eval)('window.__pwned = 5'),
        function: () => new Function('window.__pwned = 6')(),
        worker: () => new Promise((yes, no) => Object.assign(new Worker(`${given.url}/worker`), { onerror: no, onmessage: yes })),
        request: () => new Promise((yes, no) => {
            const request = Object.assign(new XMLHttpRequest(), { onload: yes, onerror: no });
            request.open('GET', `${given.url}/request`);
            request.send();
        }),
    };
    const fetched = [];
    for (const [name, attempt] of Object.entries(tries)) {
        try { await attempt(); fetched.push(name); } catch {}
    }
    navigator.sendBeacon?.(`${given.url}/beacon`, 'x');
    try { new WebSocket(given.url.replace('http', 'ws')); } catch {}
    try { new EventSource(`${given.url}/events`); } catch {}
    return { pwned: window.__pwned ?? null, fetched, blocked };";

/// Ways to another place.
const AWAY: &[&str] = &[
    "location.href = `${given.url}/href`",
    "location.replace('https://example.invalid/')",
    "location.assign('data:text/html,<h1>owned</h1>')",
    "location.assign('file:///etc/passwd')",
    "location.assign('about:blank')",
    "window.open(`${given.url}/open`); window.open('about:blank')",
    "const link = Object.assign(document.createElement('a'), { href: `${given.url}/link`, target: '_top' }); document.body.append(link); link.click()",
    "const form = Object.assign(document.createElement('form'), { action: `${given.url}/form`, method: 'post' }); document.body.append(form); form.submit()",
    "document.head.insertAdjacentHTML('beforeend', `<meta http-equiv=\"refresh\" content=\"0;url=${given.url}/meta\">`)",
];

/// The page is where it was, and the app answers it.
fn stays(window: &Window, at: &Value) -> Result<()> {
    for panel in ["support", "updates"] {
        window.click(&format!("[data-panel={panel}]"))?;
        window.has(&format!("[data-panel={panel}][aria-current]"))?;
    }
    ensure!(window.invoke("history", &json!({}))?.get("done").is_some());
    assert_eq!(&window.run("return location.href", &json!({}))?, at);
    Ok(())
}
