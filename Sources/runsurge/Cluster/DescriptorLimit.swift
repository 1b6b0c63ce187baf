import Foundation

/// The open files that this process may have: every connection is one, and libzmq spins when there are no more.
enum DescriptorLimit {
    private static let wanted: rlim_t = 262_144

    /// Raises the limit as far as the system lets this process, and returns it.
    static func raise() -> Int {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return 1_024 }
        // Beyond the hard limit only the superuser gets.
        for hard in [max(limit.rlim_max, wanted), limit.rlim_max] {
            var raised = rlimit(rlim_cur: min(max(limit.rlim_cur, wanted), hard), rlim_max: hard)
            if setrlimit(resource, &raised) == 0 {
                limit = raised
                break
            }
        }
        return Int(clamping: limit.rlim_cur)
    }
}
