extension Connection {
    enum PipelineStep {
        case prepare(StatementCache.Key, name: String, statement: Int)
        case execute(statement: Int)

        var statement: Int {
            switch self {
            case .prepare(_, _, let statement), .execute(let statement): statement
            }
        }
    }

    func runPipeline(_ batch: [Statement]) throws(PostgreSQLError) -> [QueryResult] {
        try checkOpen()
        try deallocateEvicted()
        guard handle?.enterPipeline() == true else {
            let failure = sendFailure("pipeline")
            try settle(failure)
            throw failure
        }
        let steps = sendPipeline(batch)
        guard let steps, handle?.sync() == true else {
            let failure = sendFailure("pipeline")
            discard()  // half a pipeline cannot be taken back
            throw failure
        }
        let (results, failure) = receivePipeline(steps, batch)
        // Leaves pipeline mode, or the connection is broken and `settle` says so.
        _ = handle?.exitPipeline()
        try settle(failure)
        return results
    }

    func sendPipeline(_ batch: [Statement]) -> [PipelineStep]? {
        var steps: [PipelineStep] = []
        var fresh: [StatementCache.Key: String] = [:]
        for (index, statement) in batch.enumerated() {
            let key = Self.key(statement)
            let name: String
            if let known = fresh[key] {
                name = known
            } else {
                switch statements.lookup(key) {
                case .prepared(let known): name = known
                case .prepare(let new):
                    guard handle?.sendPrepare(name: new, sql: statement.sql, types: key.types) == true else {
                        return nil
                    }
                    steps.append(.prepare(key, name: new, statement: index))
                    fresh[key] = new
                    name = new
                }
            }
            guard handle?.sendPrepared(name: name, parameters: statement.parameters) == true else { return nil }
            steps.append(.execute(statement: index))
        }
        return steps
    }

    func receivePipeline(
        _ steps: [PipelineStep], _ batch: [Statement]
    ) -> (results: [QueryResult], failure: PostgreSQLError?) {
        var results: [QueryResult] = []
        var failure: PostgreSQLError?
        for step in steps {
            while let result = nextResult() {
                switch (result.status, step) {
                case (.command, .prepare(let key, let name, _)): statements.insert(key, name: name)
                case (.rows, _):
                    results.append(
                        QueryResult(
                            rows: result.table().rows, affectedRows: result.affectedRows,
                            commandTag: result.commandTag))
                case (.command, _), (.empty, _):
                    results.append(
                        QueryResult(rows: [], affectedRows: result.affectedRows, commandTag: result.commandTag))
                case (.error, _) where failure == nil:
                    failure = result.error(sql: batch[step.statement].sql)
                    failure?.statementIndex = step.statement
                    let state = failure?.sqlState
                    if state == "0A000" || state == "26000" { statements.invalidate(Self.key(batch[step.statement])) }
                default: break
                }
                if handle?.isBroken == true { return (results, failure) }
            }
            if handle?.isBroken != false { return (results, failure) }
        }
        while let result = nextResult(), result.status != .pipelineSync {
            // An error at the sync itself: the implicit transaction failed to commit.
            if result.status == .error, failure == nil { failure = result.error(sql: nil) }
            if handle?.isBroken == true { break }
        }
        return (results, failure)
    }
}
