using PipelineService.Core.Values;

namespace PipelineService.Core.Tests.Transforms.Expressions;

/// <summary>What each type can be made by.</summary>
internal sealed partial class ExpressionGenerator
{
    private static readonly TypedKind[] Times3 = [TypedKind.Date, TypedKind.LocalDateTime, TypedKind.DateTime];

    private static readonly string[] Patterns =
        ["'%'", "''", "'a%'", "'%x'", "'_'", "'%b!_c' escape '!'", "'a\\%b%'", "'%字'", "'_x_'", "'%a%a%'", "'\\\\'", "'%\\_%'"];

    private GeneratedExpression Integer(int depth)
    {
        GeneratedExpression a = Make(TypedKind.Integer, depth);
        GeneratedExpression b = Make(TypedKind.Integer, depth);
        GeneratedExpression t = Make(TypedKind.Text, depth);
        GeneratedExpression d = Make(TypedKind.Date, depth);
        return random.Next(15) switch
        {
            0 or 1 => Both("{0} + {1}", a, b),
            2 => Both("({0} - {1})", a, b),
            3 or 4 => Both("{0} * {1}", a, b),
            5 => Both("{0} / {1}", a, b),
            6 => Both("{0} % ({1})", a, b),
            7 => Both("abs({0})", a),
            8 => Both("mod({0}, {1})", a, b),
            9 => Both("- ({0})", a),
            10 => Pair("length({0})", "length({0})::bigint", t),
            11 => Pair("({0} - {1})", "({0} - {1})::bigint", d, Make(TypedKind.Date, depth)),
            12 => Pair("cast({0} as integer)", "({0})::bigint", Make(random.Next(2) == 0 ? TypedKind.Number : TypedKind.Float, depth)),
            13 => Pair("{0}::bigint", "({0})::bigint", Leaf(TypedKind.Text)),
            _ => DateDifference(depth),
        };
    }

    private GeneratedExpression Number(int depth)
    {
        GeneratedExpression a = Make(TypedKind.Number, depth);
        GeneratedExpression b = Make(random.Next(4) == 0 ? TypedKind.Integer : TypedKind.Number, depth);
        return random.Next(16) switch
        {
            0 or 1 => Both("{0} + {1}", a, b),
            2 => Both("{1} - {0}", a, b),
            3 or 4 => Both("{0} * {1}", a, b),
            5 or 6 => Both("({0}) / ({1})", a, b),
            7 => Both("mod({0}, {1})", a, b),
            8 => Both("round({0})", a),
            9 => Both($"round({{0}}, {random.Next(-4, 12)})", a),
            10 => Both("floor({0})", a),
            11 => Both("ceil({0})", a),
            12 => Both("abs({0})", a),
            13 => Both("-({0})", a),
            14 => Pair("to_number({0})", "({0})::numeric", Make(TypedKind.Text, depth)),
            _ => Extract(depth),
        };
    }

    private GeneratedExpression Float(int depth)
    {
        GeneratedExpression a = Make(TypedKind.Float, depth);
        GeneratedExpression b = Make(Pick([TypedKind.Float, TypedKind.Float, TypedKind.Number, TypedKind.Integer]), depth);
        return random.Next(9) switch
        {
            0 => Both("({0} + {1})", a, b),
            1 => Both("({0} - {1})", a, b),
            2 => Both("{0} * {1}", a, b),
            3 => Both("{0} / {1}", a, b),
            4 => Both("abs({0})", a),
            5 => Both("floor({0})", a),
            6 => Both("round({0})", a),
            7 => Both("ceil({0})", a),
            _ => Pair("cast({0} as float)", "({0})::float8", b),
        };
    }

    private GeneratedExpression Text(int depth)
    {
        GeneratedExpression a = Make(TypedKind.Text, depth);
        GeneratedExpression b = Make(TypedKind.Text, depth);
        GeneratedExpression n = Make(TypedKind.Integer, Math.Min(depth, 1));
        GeneratedExpression m = Count(6);
        return random.Next(19) switch
        {
            0 or 1 => Both("{0} || {1}", a, b),
            2 => Both("({0} || {1})", a, Make(TypedKind.Integer, depth)),
            3 => Both("concat({0}, {1}, {2})", a, b, Make(TypedKind.Number, depth)),
            4 => Both("lower({0})", a),
            5 => Both("upper({0})", a),
            6 => Both("trim({0})", a),
            7 => Pair("trim({0}, 'xa ')", "btrim({0}, 'xa ')", a),
            8 => Both("trim(leading 'a' from {0})", a),
            9 => Both("rtrim({0}, 'y€')", a),
            // PostgreSQL's takes int only. Of a missing text, ours does not ask how large the number is, but computes it.
            10 => Pair(
                "substring({0}, {1})", "substring({0}, case when {0} is not null then ({1})::int else (({1}) * 0)::int end)",
                a, random.Next(3) == 0 ? n : m),
            11 => Pair(
                "substring({0} from {1} for {2})",
                "substring({0} from {1} for case when {0} is not null then ({2})::int else (({2}) * 0)::int end)",
                a, m, random.Next(3) == 0 ? n : m),
            12 => Pair("left({0}, {1})", "left({0}, ({1})::int)", a, m),
            13 => Pair("right({0}, {1})", "right({0}, ({1})::int)", a, m),
            14 => Pair("split_part({0}, '-', {1})", "split_part({0}, '-', ({1})::int)", a, m),
            15 => Pair("lpad({0}, {1}, {2})", "lpad({0}, ({1})::int, {2})", a, m, b),
            16 => Pair("cast({0} as text)", "({0})::text", Make(Pick([TypedKind.Integer, TypedKind.Number, TypedKind.Boolean, .. Times3]), depth)),
            17 => Pair("sha256({0})", "encode(sha256(convert_to({0}, 'UTF8')), 'hex')", a),
            _ => JsonValue(),
        };
    }

    private GeneratedExpression Boolean(int depth)
    {
        TypedKind kind = Pick(Kinds);
        TypedKind other = kind switch
        {
            TypedKind.Integer or TypedKind.Number or TypedKind.Float => Pick([TypedKind.Integer, TypedKind.Number, TypedKind.Float]),
            TypedKind.Date or TypedKind.LocalDateTime or TypedKind.DateTime => Pick(Times3),
            _ => kind,
        };
        GeneratedExpression a = Make(kind, depth);
        GeneratedExpression b = Make(other, depth);
        GeneratedExpression p = Make(TypedKind.Boolean, depth);
        GeneratedExpression q = Make(TypedKind.Boolean, depth);
        string like = Pick(Patterns);
        return random.Next(13) switch
        {
            0 => Both($"{{0}} {Pick(["=", "<>", "!="])} {{1}}", a, b),
            1 or 2 => Both($"({{0}} {Pick(["<", "<=", ">", ">="])} {{1}})", a, b),
            3 => Both("{0} and {1}", p, q),
            4 => Both("{0} or {1}", p, q),
            5 => Both("not {0}", p),
            6 => Both("({0} and not {1})", p, q),
            7 => Both("{0} is null", a),
            8 => Both("({0}) is not null", a),
            9 => Both("{0} in ({1}, {2})", a, Leaf(kind), Leaf(other)),
            10 => Both($"{{0}} {(random.Next(2) == 0 ? "not " : "")}between {{1}} and {{2}}", Leaf(kind), b, a),
            11 => Pair($"{{0}} like {like}", $"{{0}} like {like}", Make(TypedKind.Text, depth)),
            _ => Pair($"({{0}} not like {like})", $"({{0}} not like {like})", Make(TypedKind.Text, depth)),
        };
    }

    private GeneratedExpression Date(int depth)
    {
        GeneratedExpression d = Make(TypedKind.Date, depth);
        GeneratedExpression n = Count(400);
        return random.Next(5) switch
        {
            0 => Both("({0} + {1})", d, n),
            1 => Both("({0} - {1})", d, n),
            2 => Pair("cast({0} as date)", "({0})::date", Make(Pick([TypedKind.LocalDateTime, TypedKind.DateTime]), depth)),
            _ => DateAdd(d, n, Pick(["day", "week", "month", "quarter", "year"]), isDate: true),
        };
    }

    private GeneratedExpression Local(int depth)
    {
        GeneratedExpression n = Count(4_000);
        return random.Next(4) switch
        {
            0 => DateTrunc(Make(TypedKind.LocalDateTime, depth)),
            1 => Pair("cast({0} as timestamp)", "({0})::timestamp", Make(Pick([TypedKind.Date, TypedKind.DateTime]), depth)),
            2 => Zone(Make(TypedKind.DateTime, depth)),
            _ => DateAdd(Make(TypedKind.LocalDateTime, depth), n, Pick(["second", "minute", "hour", "day", "month", "year"]), isDate: false),
        };
    }

    private GeneratedExpression Instant(int depth)
    {
        GeneratedExpression n = Count(4_000);
        return random.Next(5) switch
        {
            0 => DateTrunc(Make(TypedKind.DateTime, depth)),
            1 => DateTrunc(Make(TypedKind.Date, depth)),
            2 => Zone(Make(TypedKind.LocalDateTime, depth)),
            3 => Pair("cast({0} as timestamptz)", "({0})::timestamptz", Make(Pick([TypedKind.Date, TypedKind.LocalDateTime]), depth)),
            _ => DateAdd(Make(TypedKind.DateTime, depth), n, Pick(["second", "minute", "hour", "day", "month", "year"]), isDate: false),
        };
    }

    /// <summary>A small literal.</summary>
    private GeneratedExpression Count(int end)
    {
        int count = random.Next(-end, end);
        return Both(count < 0 ? $"({count})" : $"{count}");
    }

    private static GeneratedExpression DateAdd(GeneratedExpression d, GeneratedExpression n, string unit, bool isDate)
    {
        string interval = unit == "quarter" ? "3 months" : $"1 {unit}";
        return Pair($"date_add('{unit}', {{0}}, {{1}})", $"({{1}} + {{0}} * interval '{interval}'){(isDate ? "::date" : "")}", n, d);
    }

    private GeneratedExpression DateTrunc(GeneratedExpression d)
    {
        string unit = Pick(["year", "quarter", "month", "week", "day", "hour", "minute", "second"]);
        return Both($"date_trunc('{unit}', {{0}})", d);
    }

    private GeneratedExpression Zone(GeneratedExpression time)
    {
        string zone = Pick(["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC", "Pacific/Apia", "Africa/Casablanca"]);
        return Pair($"at_time_zone({{0}}, '{zone}')", $"({{0}} at time zone '{zone}')", time);
    }

    private GeneratedExpression Extract(int depth)
    {
        TypedKind kind = Pick(Times3);
        string[] parts = ["year", "quarter", "month", "week", "day", "dow", "doy", "isodow", "isoyear", "epoch"];
        string part = Pick(kind == TypedKind.Date ? parts : [.. parts, "hour", "minute", "second"]);
        return Both($"extract({part} from {{0}})", Make(kind, depth));
    }

    private GeneratedExpression DateDifference(int depth)
    {
        TypedKind kind = Pick(Times3);
        GeneratedExpression a = Make(kind, depth);
        GeneratedExpression b = Make(kind, depth);
        string[] units = ["day", "week", "month", "quarter", "year"];
        string unit = Pick(kind == TypedKind.Date ? units : [.. units, "second", "minute", "hour"]);
        const string Months = "(extract(year from age({1}::timestamp, {0}::timestamp)) * 12 + extract(month from age({1}::timestamp, {0}::timestamp)))";
        const string Seconds = "extract(epoch from {1}::timestamp - {0}::timestamp)";
        string sql = unit switch
        {
            "month" => Months,
            "quarter" => $"trunc({Months} / 3)",
            "year" => $"trunc({Months} / 12)",
            "second" => $"trunc({Seconds})",
            "minute" => $"trunc({Seconds} / 60)",
            "hour" => $"trunc({Seconds} / 3600)",
            "day" => $"trunc({Seconds} / 86400)",
            _ => $"trunc({Seconds} / 604800)",
        };
        return Pair($"date_diff('{unit}', {{0}}, {{1}})", $"{sql}::bigint", new(a.Ours, $"({a.Sql})"), new(b.Ours, $"({b.Sql})"));
    }

    private GeneratedExpression JsonValue()
    {
        string path = Pick(["$.a", "$.b.c", "$.a.b", "$.b.d[1]", "$.b.d[2]", "$[0]", "$.b.c.d", "$.a[0].b", "$.\"a\""]);
        string json = $"(select {(Record.Literals["j1"] is string value ? Quote(value) : "null")}::jsonb)";
        return new(
            $"json_value(j1, '{path}')",
            $"(select case when jsonb_typeof(v) in ('object', 'array', 'null') then null else v #>> '{{}}' end from "
            + $"(select case when jsonb_array_length(q) = 1 then q -> 0 end as v from (select jsonb_path_query_array({json}, 'lax {path}') as q) s) w)");
    }
}
