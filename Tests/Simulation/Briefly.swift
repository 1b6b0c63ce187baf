import RunSurgeCore
import RunSurgeScheduling

/// Short words for a trace.
enum Briefly {
    static func key(_ key: WorkKey) -> String {
        key.region.map { "j\(key.job).r\($0).c\(key.chunk)" } ?? "j\(key.job).driver"
    }

    static func token(_ token: LeaseToken) -> String {
        "\(key(token.key))(t\(token.term) e\(token.epoch) s\(session(token.session)))"
    }

    static func session(_ session: SessionID) -> String { String(session % 10_000) }

    static func tokens(_ tokens: some Sequence<LeaseToken>) -> String {
        "[" + tokens.map(token).joined(separator: " ") + "]"
    }

    static func message(_ message: ToMaster) -> String {
        switch message {
        case .hello(let held): "hello \(tokens(held))"
        case .event(let said): event(said)
        case .results(let reports): "results " + reports.map(report).joined(separator: " ")
        }
    }

    static func report(_ report: Report) -> String {
        switch report {
        case .chunk(let result): "\(token(result.token)):\(result.outcome.status)"
        case .driver(let driver, let end, _): "\(token(driver)):\(end)"
        }
    }

    static func event(_ event: DispatchEvent) -> String {
        switch event {
        case .pull(_, let pull):
            "pull #\(pull.sequence) free \(pull.freeSlots)+\(pull.prefetch) holds \(tokens(pull.held))"
        case .nack(_, let nacked): "nack \(token(nacked))"
        case .started(_, let begun): "started \(tokens(begun))"
        case .regionRequested(_, let offer): "request \(offer.key.request) of \(token(offer.key.driver))"
        case .regionProgress(_, let driver, let region, let committed, _):
            "progress of \(token(driver)) r\(region): \(committed)"
        case .regionClosed(_, let driver, let region, let committed):
            "close of \(token(driver)) r\(region): \(committed)"
        default: "\(event)"
        }
    }

    static func message(_ message: ToWorker) -> String {
        switch message {
        case .welcome(let keep, let cancel): "welcome keep \(tokens(keep)) cancel \(tokens(cancel))"
        case .assign(let items, _): "assign \(tokens(items.map(\.token)))"
        case .acknowledge(let verdicts):
            "ack " + verdicts.map { "\(token($0.token)):\($0.verdict)" }.joined(separator: " ")
        case .cancel(let cancelled): "cancel \(tokens(cancelled))"
        case .answer(let answer):
            "answer \(answer.key.request) of \(token(answer.key.driver)): r\(answer.region.map { "\($0)" } ?? "-") \(answer.reason)"
        case .deliver(let driver, let region, let outcomes):
            "deliver to \(token(driver)) r\(region): \(outcomes.map(\.index))"
        case .refuse, .drain, .probe, .beacon: "\(message)"
        }
    }

    static func effect(_ effect: WorkerEffect) -> String {
        switch effect {
        case .startDriver(let driver, let slot, _): "starts \(token(driver)) in slot \(slot)"
        case .grant(let granted): "grants \(key(granted))"
        case .run(let chunk, let process, let memory): "runs \(token(chunk)) on \(process) with \(memory >> 20) MiB"
        case .killDriver(let killed): "kills \(key(killed))"
        case .fail(let failed, let process): "reports \(key(failed)) on \(process)"
        default: "\(effect)"
        }
    }
}
