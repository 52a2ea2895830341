//! The sources of two releases of a program: a few hundred functions that call each other, look at strings and
//! variables, and stand in tables.

use std::fmt::Write as _;

use super::Release;

/// Functions of the first release.
pub const FUNCTIONS: usize = 200;

/// What a table of pointers to functions starts with, so that a test finds it in the program.
pub const MARK: u64 = 0x5eed_ab1e_0000_7ab1;

/// Functions that the program's table of pointers has.
pub fn functions(release: Release) -> usize {
    FUNCTIONS + (0..FUNCTIONS).filter(|&number| is_new(number, release)).count()
}

/// C without any library: it can be compiled for every machine that the compiler knows.
pub fn c(release: Release) -> String {
    let mut source = String::from(
        "extern int f0(int, int);\n\
         static volatile int sink;\nstatic int counters[64];\n\
         __attribute__((noinline)) static int say(const char *text) {\n\
         int sum = 0;\n    while (*text) sum = sum * 31 + *text++;\n    sink = sum;\n    return sum;\n}\n",
    );
    let mut table = String::new();
    for number in 0..FUNCTIONS {
        if is_new(number, release) {
            write!(
                source,
                "__attribute__((noinline)) int n{number}(int a, int b) {{\n    \
                 return (a ^ {}) - b * say(\"new in this release: {number}\");\n}}\n",
                number * 7919 + 11
            )
            .unwrap();
            write!(table, "n{number}, ").unwrap();
        }
        function(&mut source, number, release);
        write!(table, "f{number}, ").unwrap();
    }
    let count = functions(release);
    write!(
        source,
        "struct table {{ unsigned long long mark; int (*functions[{count}])(int, int); }};\n\
         struct table table = {{ {MARK}ull, {{ {table} }} }};\n\
         __attribute__((used)) void start(void) {{\n    int sum = 1;\n    \
         for (;;) for (int i = 0; i < {count}; i++) sum += table.functions[i](sum, i);\n}}\n"
    )
    .unwrap();
    source
}

/// Whether there is another function before this one.
fn is_new(number: usize, release: Release) -> bool {
    release == Release::Next && number % 61 == 7
}

/// One function, which calls earlier ones only.
fn function(source: &mut String, number: usize, release: Release) {
    let next = release == Release::Next;
    let factor = number * 2_654_435 + if next && number % 83 == 5 { 3 } else { 1 };
    let text = if next && number % 47 == 3 { "a changed text, and longer" } else { "a text" };
    write!(
        source,
        "__attribute__((noinline)) int f{number}(int a, int b) {{\n    \
         int r = a * {factor} + b;\n    r += say(\"{text} of function {number}\");\n    \
         r ^= counters[{}]++;\n",
        number % 64
    )
    .unwrap();
    let earlier = |step: usize| number.checked_sub(step);
    match number % 4 {
        0 if number >= 16 => {
            source.push_str("    switch (r & 15) {\n");
            for case in 0..12 {
                let callee = number - 1 - case;
                writeln!(source, "    case {case}: r += f{callee}(b, r) * {}; break;", case + number + 2)
                    .unwrap();
            }
            source.push_str("    default: r -= sink; }\n");
        }
        1 => writeln!(source, "    for (int i = 0; i < (b & 7); i++) r = r * 33 + counters[i] + sink;")
            .unwrap(),
        _ => source.push_str("    if (r < sink) r = -r;\n"),
    }
    if is_new(number, release) {
        writeln!(source, "    r += n{number}(r, b);").unwrap();
    }
    for callee in [earlier(1), earlier(13), earlier(101)].into_iter().flatten() {
        writeln!(source, "    r += f{callee}(b, r);").unwrap();
    }
    source.push_str("    return r;\n}\n");
}

/// Rust with its standard library: unwinding, thread-local variables, tables of methods.
pub fn rust(release: Release) -> String {
    let mut source = String::from(
        "use std::cell::Cell;\nuse std::fmt::Debug;\n\
         thread_local! { static CALLS: Cell<u64> = const { Cell::new(0) }; }\n\
         trait Step: Debug { fn step(&self, value: u64) -> Result<u64, String>; }\n",
    );
    let mut list = String::new();
    for number in 0..40 {
        let constant = number * 77 + if release == Release::Next && number % 7 == 2 { 5 } else { 0 };
        let text = if release == Release::Next && number % 11 == 4 { "no longer" } else { "not" };
        write!(
            source,
            "#[derive(Debug)] struct S{number}(u64);\nimpl Step for S{number} {{\n    \
             fn step(&self, value: u64) -> Result<u64, String> {{\n        \
             CALLS.with(|calls| calls.set(calls.get() + {constant}));\n        \
             let list: Vec<u64> = (0..value % 9).map(|item| item ^ self.0).collect();\n        \
             if value == {constant} {{ return Err(format!(\"{{self:?}} {text} {constant} {{list:?}}\")); }}\n        \
             Ok(value.wrapping_mul({constant}) + list.iter().sum::<u64>())\n    }}\n}}\n"
        )
        .unwrap();
        write!(list, "Box::new(S{number}({constant})), ").unwrap();
    }
    write!(
        source,
        "fn main() {{\n    let steps: Vec<Box<dyn Step>> = vec![{list}];\n    \
         let start = std::env::args().count() as u64;\n    \
         let end = steps.iter().try_fold(start, |value, step| step.step(value));\n    \
         println!(\"{{end:?}} after {{}}\", CALLS.with(Cell::get));\n}}\n"
    )
    .unwrap();
    source
}
