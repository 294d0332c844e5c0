//! The system's limit of open files, of which each end of a connection is one.

/// Has this process allowed to open so many connections' ends at a time. The error says what to change.
#[cfg(unix)]
pub fn allow(ends: usize) -> Result<(), String> {
    use rustix::process::{Resource, getrlimit, setrlimit};

    /// Besides the connections.
    const OTHERS: u64 = 64;

    let wanted = ends as u64 + OTHERS;
    let mut limit = getrlimit(Resource::Nofile);
    // `None`: no limit.
    if limit.current.is_none_or(|current| current >= wanted) {
        return Ok(());
    }
    if limit.maximum.is_some_and(|maximum| maximum < wanted) {
        let maximum = limit.maximum.unwrap_or(0);
        return Err(format!(
            "{ends} ends of connections need {wanted} open files, and the system allows this process {maximum}: \
             raise the hard limit (ulimit -H -n), or take fewer connections"
        ));
    }
    limit.current = Some(wanted);
    setrlimit(Resource::Nofile, limit).map_err(|error| format!("the limit of open files cannot be raised: {error}"))
}

/// Other systems have no such limit, or one that is high enough.
#[cfg(not(unix))]
pub fn allow(_ends: usize) -> Result<(), String> {
    Ok(())
}
