using System.Collections.Immutable;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms.Expressions.Functions;
using PipelineService.Core.Transforms.Expressions.Syntax;
using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms.Expressions.Typing;

/// <summary>Operators and functions: which of those with a name is meant, by the types of the arguments.</summary>
internal sealed partial class TypeChecker
{
    /// <summary>Functions that are more than their code: they look at nulls, or at no field.</summary>
    private static readonly string[] SpecialNames =
        ["coalesce", "nullif", "greatest", "least", "concat", "job_id", "source", "received_at", "record", "cast"];

    /// <summary>What other systems call it, and what to write here.</summary>
    private static readonly Dictionary<string, string> ForeignNames = new()
    {
        ["ifnull"] = "coalesce(a, b)",
        ["isnull"] = "a is null, or coalesce(a, b)",
        ["nvl"] = "coalesce(a, b)",
        ["if"] = "case when a then b else c end",
        ["iif"] = "case when a then b else c end",
        ["decode"] = "case a when b then c else d end",
        ["len"] = "length(a)",
        ["char_length"] = "length(a)",
        ["substr"] = "substring(a, 2, 3)",
        ["mid"] = "substring(a, 2, 3)",
        ["btrim"] = "trim(a, 'xy')",
        ["concat_ws"] = "concat(a, ', ', b)",
        ["to_char"] = "cast(a as text)",
        ["to_date"] = "cast(a as date), or the op parse_date",
        ["to_timestamp"] = "cast(a as timestamp), or the op parse_date",
        ["date_part"] = "extract(year from a)",
        ["datediff"] = "date_diff('day', a, b)",
        ["dateadd"] = "date_add('day', 1, a)",
        ["age"] = "date_diff('year', a, b)",
        ["year"] = "extract(year from a)",
        ["month"] = "extract(month from a)",
        ["day"] = "extract(day from a)",
        ["timezone"] = "at_time_zone(a, 'Europe/Berlin')",
        ["trunc"] = "floor(a), or date_trunc('month', a)",
        ["power"] = "a * a",
        ["replace"] = "the op replace",
        ["regexp_replace"] = "the op replace",
        ["regexp_matches"] = "like, or the constraint pattern",
        ["md5"] = "sha256(a)",
    };

    private static readonly string[] ClockNames =
        [
            "now", "current_date", "current_timestamp", "current_time", "localtimestamp", "today", "getdate", "random",
            "gen_random_uuid", "uuid",
        ];

    private TypedNode? CheckOperator(SyntaxNode syntax)
    {
        TypedNode?[] operands = [.. syntax.Parts.Select(Check)];
        return operands.Contains(null) ? null
            : operands.Length == 2 && syntax.Text is "=" or "<>" or "<" or "<=" or ">" or ">="
                ? Compare(syntax.Text, operands[0]!, operands[1]!, syntax.Position)
            : syntax.Text == "||" ? CheckJoin(syntax, operands[0]!, operands[1]!)
            : Resolve(syntax, operands!);
    }

    /// <summary><c>||</c> takes a number, too, as long as there is a text.</summary>
    private TypedNode? CheckJoin(SyntaxNode syntax, TypedNode left, TypedNode right)
    {
        if (left.Kind == TypedKind.Boolean && right.Kind == TypedKind.Boolean)
        {
            return Fault(syntax, "|| joins texts: write or.");
        }

        bool hasText = left.Kind is TypedKind.Text or TypedKind.Null || right.Kind is TypedKind.Text or TypedKind.Null;
        return hasText && IsWritable(left.Kind) && IsWritable(right.Kind)
            ? Call(FunctionCatalog.Find("||")[0].Kernel, [Convert(left, TypedKind.Text), Convert(right, TypedKind.Text)])
            : Fault(syntax, $"|| is not defined for {Names([left, right])}: cast(… as text).");
    }

    private TypedNode? Compare(string name, TypedNode left, TypedNode right, int position)
    {
        if (left is LiteralNode { Value.IsNull: true } || right is LiteralNode { Value.IsNull: true })
        {
            return Fault(position, "A comparison with null is never true: write is null, or is not null.");
        }

        return Choose(name, [left, right]) is Overload found
            ? Call(found.Kernel, Convert([left, right], found.Kernel))
            : Fault(position, $"{name} does not compare {Conversions.NameOf(left.Kind)} with {Conversions.NameOf(right.Kind)}."
                + Hint(left.Kind, right.Kind));
    }

    private TypedNode? CheckCall(SyntaxNode syntax)
    {
        ImmutableArray<Overload> overloads = FunctionCatalog.Find(syntax.Text);
        bool isSpecial = SpecialNames.Contains(syntax.Text);
        if (!isSpecial && (overloads.IsEmpty || !char.IsAsciiLetter(syntax.Text[0])))
        {
            return UnknownFunction(syntax);
        }

        return isSpecial ? CheckSpecial(syntax) : CheckFunction(syntax, overloads);
    }

    private TypedNode? CheckFunction(SyntaxNode syntax, ImmutableArray<Overload> overloads)
    {
        int count = syntax.Parts.Length;
        ImmutableArray<Overload> fitting = [.. overloads.Where(overload => overload.Arity == count)];
        if (fitting.IsEmpty)
        {
            foreach (SyntaxNode part in syntax.Parts)
            {
                Check(part);
            }

            string arities = string.Join(" or ", overloads.Select(overload => overload.Arity).Distinct().Order());
            string format = syntax.Text == "to_number"
                ? " How numbers are written is part of the field: decimalChar, groupChar, bareNumber."
                : "";
            return Fault(syntax, $"{syntax.Text} takes {arities} argument{(arities == "1" ? "" : "s")}, not {count}.{format}");
        }

        int literalAt = fitting[0].LiteralAt;
        TypedNode?[] arguments = [.. syntax.Parts.Where((_, i) => i != literalAt).Select(Check)];
        if (literalAt >= 0 && syntax.Parts[literalAt].Kind != SyntaxKind.Text)
        {
            return Fault(syntax.Parts[literalAt], $"{syntax.Text} takes a text in single quotes here, not what a record has.");
        }

        return arguments.Contains(null) ? null : Resolve(syntax, arguments!, fitting);
    }

    private TypedNode? Resolve(SyntaxNode syntax, TypedNode[] arguments) =>
        Resolve(syntax, arguments, [.. FunctionCatalog.Find(syntax.Text).Where(overload => overload.Arity == arguments.Length)]);

    private TypedNode? Resolve(SyntaxNode syntax, TypedNode[] arguments, ImmutableArray<Overload> overloads)
    {
        if (syntax.Text is "round" or "floor" or "ceil" or "ceiling" && arguments is [{ Kind: TypedKind.Integer }])
        {
            return Fault(syntax, $"An integer is whole already: leave {syntax.Text} out.");
        }

        if (Choose(overloads, arguments) is not Overload found)
        {
            string hint = arguments.Length == 2 ? Hint(arguments[0].Kind, arguments[1].Kind) : HintOf(syntax.Text, arguments);
            return Fault(syntax, $"{syntax.Text} is not defined for {Names(arguments)}.{hint}");
        }

        object? literal = null;
        if (found.Read is not null)
        {
            SyntaxNode at = syntax.Parts[found.LiteralAt];
            (literal, string? expected) = found.Read(at.Text);
            if (expected is not null)
            {
                return Fault(at, $"Expected {expected}, but found '{Excerpt.Of(at.Text)}'.");
            }
        }

        return Call(found.Kernel, Convert(arguments, found.Kernel), literal);
    }

    private static Overload? Choose(string name, TypedNode[] arguments) =>
        Choose([.. FunctionCatalog.Find(name).Where(overload => overload.Arity == arguments.Length)], arguments);

    /// <summary>The one that needs the fewest conversions.</summary>
    private static Overload? Choose(ImmutableArray<Overload> overloads, TypedNode[] arguments)
    {
        Overload? best = null;
        int bestCost = int.MaxValue;
        foreach (Overload overload in overloads)
        {
            int cost = 0;
            for (int i = 0; i < arguments.Length && cost < bestCost; i++)
            {
                cost = Conversions.CostOf(arguments[i].Kind, overload.Kernel.Parameters[i]) is int one ? cost + one : int.MaxValue;
            }

            if (cost < bestCost)
            {
                (best, bestCost) = (overload, cost);
            }
        }

        return best;
    }

    private static ImmutableArray<TypedNode> Convert(TypedNode[] arguments, Kernel kernel) =>
        [.. arguments.Select((argument, i) => Convert(argument, kernel.Parameters[i]))];

    private TypedNode? UnknownFunction(SyntaxNode syntax)
    {
        foreach (SyntaxNode part in syntax.Parts)
        {
            Check(part);
        }

        if (Clock(syntax.Text) is string sentence)
        {
            return Fault(syntax, sentence);
        }

        string hint = ForeignNames.TryGetValue(syntax.Text, out string? ours) ? $" Write {ours}."
            : NearestName.Of(syntax.Text, FunctionCatalog.Names.Concat(SpecialNames)) is string near ? $" Did you mean {near}?"
            : "";
        return Fault(syntax, $"There is no function {Excerpt.Of(syntax.Text)}.{hint}");
    }

    /// <summary>The same bytes must give the same rows, whenever they are loaded.</summary>
    private static string? Clock(string name) => ClockNames.Contains(name)
        ? "The same upload must give the same rows at any time, so there is neither a clock nor chance here: received_at() is when the "
          + "upload was received, job_id() and record() tell rows apart."
        : null;

    private static bool IsWritable(TypedKind kind) => kind is TypedKind.Text or TypedKind.Null or TypedKind.Integer or TypedKind.Number;

    private static string Names(IEnumerable<TypedNode> nodes) => string.Join(" and ", nodes.Select(node => Conversions.NameOf(node.Kind)));

    private static bool IsNumeric(TypedKind kind) => kind is TypedKind.Integer or TypedKind.Number or TypedKind.Float;

    private static bool IsTime(TypedKind kind) => kind is TypedKind.Date or TypedKind.LocalDateTime or TypedKind.DateTime;

    private static string HintOf(string name, TypedNode[] arguments) => arguments switch
    {
        [{ Kind: TypedKind.Text }] => Hint(TypedKind.Text, TypedKind.Number),
        [var only] when IsNumeric(only.Kind) && name != "abs" => " A number becomes text by cast(… as text).",
        _ => "",
    };

    private static string Hint(TypedKind left, TypedKind right) => (left, right) switch
    {
        (TypedKind.Text, var other) when IsNumeric(other) => NumberHint,
        (var other, TypedKind.Text) when IsNumeric(other) => NumberHint,
        (TypedKind.Text, var other) when IsTime(other) => TimeHint(other),
        (var other, TypedKind.Text) when IsTime(other) => TimeHint(other),
        (TypedKind.Text, TypedKind.Boolean) or (TypedKind.Boolean, TypedKind.Text) => " Write true or false without quotes.",
        (TypedKind.Boolean, var other) when IsNumeric(other) => " Write true or false instead of 1 or 0.",
        (var other, TypedKind.Boolean) when IsNumeric(other) => " Write true or false instead of 1 or 0.",
        (TypedKind.Json, _) or (_, TypedKind.Json) => " A value of JSON is json_value(field, '$.name').",
        var (from, to) when IsTime(from) && IsTime(to) => " Use date_diff('day', a, b).",
        var (from, to) when IsTime(from) && IsNumeric(to) => " Use date_add('day', n, a).",
        _ => "",
    };

    private const string NumberHint = " Compare text with text, or use to_number(…).";

    private static string TimeHint(TypedKind kind) => kind == TypedKind.Date
        ? " Write date '2024-01-31', or cast(… as date)."
        : " Write timestamp '2024-01-31 10:30:00', or cast(… as timestamp).";
}
