//! Making the kernel refuse `membarrier`, as a container's filter does.

/// The filter's idea of this machine.
#[cfg(target_arch = "x86_64")]
const ARCH: u32 = 0xC000_003E;
#[cfg(target_arch = "aarch64")]
const ARCH: u32 = 0xC000_00B7;

/// `membarrier` commands.
pub const QUERY: libc::c_int = 0;
/// Refused with EPERM to a process that has not registered.
pub const PRIVATE_EXPEDITED: libc::c_int = 1 << 3;

/// Calls `membarrier`; the error is the system's number for it.
pub fn membarrier(command: libc::c_int) -> Result<i64, i32> {
    // SAFETY: membarrier takes three integers and touches no memory.
    let answer = unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) };
    if answer < 0 { Err(std::io::Error::last_os_error().raw_os_error().unwrap_or(0)) } else { Ok(answer) }
}

/// From now on every thread of the process gets EPERM from `membarrier`. There is no way back.
pub fn refuse_membarrier() {
    let errno = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
    let [load, jump, answer] =
        [libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, libc::BPF_RET]
            .map(|code| code as u16);
    let step = |code, jt, jf, k| libc::sock_filter { code, jt, jf, k };
    let mut steps = [
        // `seccomp_data`: the call's number at 0, the architecture at 4.
        step(load, 0, 0, 4),
        step(jump, 0, 3, ARCH),
        step(load, 0, 0, 0),
        step(jump, 0, 1, libc::SYS_membarrier as u32),
        step(answer, 0, 0, errno),
        step(answer, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: steps.len() as u16, filter: steps.as_mut_ptr() };
    // SAFETY: this prctl takes integers only.
    let done = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    assert_eq!(done, 0, "PR_SET_NO_NEW_PRIVS: {}", std::io::Error::last_os_error());
    let (mode, all_threads) = (libc::SECCOMP_SET_MODE_FILTER, libc::SECCOMP_FILTER_FLAG_TSYNC);
    // SAFETY: the program lives across the call, which copies it.
    let done = unsafe { libc::syscall(libc::SYS_seccomp, mode, all_threads, &raw const program) };
    assert_eq!(done, 0, "seccomp: {}", std::io::Error::last_os_error());
    assert_eq!(membarrier(QUERY), Err(libc::EPERM), "the filter does not work");
}
