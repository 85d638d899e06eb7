//! A machine closes a referral: the whole journey over FHIR alone, by a client that others wrote.

use std::process::Command;

use e2e::Program;

#[test]
fn fhirpy_takes_a_referral_from_the_draft_to_the_closed_circuit() {
    let program = Program::demo(&["--people", "200", "--referrals-percent", "2"]);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../clients/journey_with_fhirpy.py");
    let mut command = Command::new("python3");
    command.arg(script).arg(format!("{}/fhir", program.base)).arg(program.token());
    let Ok(done) = command.output() else {
        println!("skipped: python3 is not here");
        return;
    };
    let (said, wrong) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    if done.status.code() == Some(77) {
        println!("skipped: {}", said.trim());
        return;
    }
    assert!(done.status.success(), "{said}\n{wrong}");
    assert!(said.lines().last().is_some_and(|line| line.starts_with("task ")), "{said}");
}
