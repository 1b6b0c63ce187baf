extension DependencyGraph {
    init(program: Program, summaries: SummaryTable) { self.init(statements: [], edges: []) }
}
