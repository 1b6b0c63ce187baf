import Synchronization

/// The URLs of the masters that may answer; shared by all calls of a client, so that one that does not is passed once.
final class MasterAddresses: Sendable {
    private let urls: [String]
    private let position = Atomic(0)

    /// - Parameter list: one URL, or several separated by commas.
    init(_ list: String) {
        let urls = list.split(separator: ",").map { part in
            let trimmed = part.drop { $0 == " " }.reversed().drop { $0 == " " || $0 == "/" }
            return String(trimmed.reversed())
        }.filter { !$0.isEmpty }
        // Refused with its own text when it is used.
        self.urls = urls.isEmpty ? [list] : urls
    }

    var count: Int { urls.count }
    var current: String { urls[position.load(ordering: .relaxed)] }

    /// `url` does not answer: the one after it is next, unless another call has moved on already.
    func pass(_ url: String) {
        guard let index = urls.firstIndex(of: url) else { return }
        _ = position.compareExchange(expected: index, desired: (index + 1) % urls.count, ordering: .relaxed)
    }
}
