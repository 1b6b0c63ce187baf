/// Ways out of a loop body that end the loop, not just the iteration.
enum ControlFlow {
    static func hazard(in body: [Statement]) -> Hazard? {
        scan(body, inLoop: false) ?? yields(in: body)
    }

    private static func scan(_ statements: [Statement], inLoop: Bool) -> Hazard? {
        for statement in statements {
            let line = statement.span.line
            switch statement.kind {
            case .breakLoop where !inLoop:
                return Hazard(code: "break", line: line, message: "break ends the loop early")
            case .return: return Hazard(code: "return", line: line, message: "return ends the loop early")
            case .classDefinition:
                return Hazard(code: "class_in_loop", line: line, message: "a class is made in every iteration")
            case .function(let function):
                if function.isAsync { return Hazard(code: "async", line: line, message: "async code") }
                continue
            case .forLoop(let loop):
                if let found = scan(loop.body, inLoop: true) ?? scan(loop.orElse, inLoop: inLoop) { return found }
            case .whileLoop(_, let body, let orElse):
                if let found = scan(body, inLoop: true) ?? scan(orElse, inLoop: inLoop) { return found }
            case .delete(let targets):
                for target in targets where target.name != nil {
                    return Hazard(code: "deletes_name", line: line, message: "a name is deleted", variable: target.name)
                }
            case .nonlocal(let names):
                return Hazard(code: "nonlocal_write", line: line, message: "nonlocal names", variable: names.first)
            default:
                for block in statement.blocks { if let found = scan(block, inLoop: inLoop) { return found } }
            }
        }
        return nil
    }

    private static func yields(in body: [Statement]) -> Hazard? {
        for statement in body {
            if case .function = statement.kind { continue }
            for expression in statement.expressions where containsYield(expression) {
                return Hazard(code: "yield", line: expression.span.line, message: "the body yields or awaits")
            }
            for block in statement.blocks { if let found = yields(in: block) { return found } }
        }
        return nil
    }

    static func containsYield(_ expression: Expression) -> Bool {
        expression.contains {
            switch $0.kind {
            case .yield, .await: true
            default: false
            }
        }
    }
}
