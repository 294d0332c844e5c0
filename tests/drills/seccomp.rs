//! Making the kernel refuse system calls, as a container's filter or a full system does.

use std::io::Error;

/// A system call that is refused.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    number: libc::c_long,
    /// Its first argument; `None`: any.
    first: Option<u32>,
}

impl Call {
    /// Every call of this number.
    pub fn any(number: libc::c_long) -> Self {
        Self { number, first: None }
    }

    /// The calls of this number with this first argument.
    pub fn with(number: libc::c_long, first: u32) -> Self {
        Self { number, first: Some(first) }
    }
}

/// The calls that start a thread.
pub fn thread_starts() -> [Call; 2] {
    [Call::any(libc::SYS_clone), Call::any(libc::SYS_clone3)]
}

/// For whom calls are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// The calling thread, and those that it starts from now on.
    ThisThread,
    /// Every thread of the process.
    All,
}

/// From now on the calls fail with `errno`. There is no way back.
pub fn refuse(calls: &[Call], errno: i32, whom: Whom) {
    let mut steps = steps(calls, errno);
    let program = libc::sock_fprog { len: steps.len() as u16, filter: steps.as_mut_ptr() };
    // SAFETY: this prctl takes integers only.
    let done = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    assert_eq!(done, 0, "PR_SET_NO_NEW_PRIVS: {}", Error::last_os_error());
    let flags = if whom == Whom::All { libc::SECCOMP_FILTER_FLAG_TSYNC } else { 0 };
    // SAFETY: the program lives across the call, which copies it.
    let done = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const program) };
    assert_eq!(done, 0, "seccomp: {}", Error::last_os_error());
}

/// The filter's program. It does not look at the architecture: this process makes the calls of one alone.
fn steps(calls: &[Call], errno: i32) -> Vec<libc::sock_filter> {
    let [load, jump, answer] =
        [libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, libc::BPF_RET]
            .map(|code| code as u16);
    let step = |code, jf, k| libc::sock_filter { code, jt: 0, jf, k };
    // `seccomp_data`: the call's number at 0, its first argument at 16, low half first.
    let (number, first) = (step(load, 0, 0), step(load, 0, 16));
    let refused = step(answer, 0, libc::SECCOMP_RET_ERRNO | errno as u32);
    let mut steps = vec![number];
    for call in calls {
        match call.first {
            None => steps.extend([step(jump, 1, call.number as u32), refused]),
            Some(value) => {
                steps.extend([step(jump, 4, call.number as u32), first, step(jump, 1, value), refused, number])
            }
        }
    }
    steps.push(step(answer, 0, libc::SECCOMP_RET_ALLOW));
    steps
}
