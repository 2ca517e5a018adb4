using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Datasets.Definitions;

namespace PipelineService.Tests.Datasets;

/// <summary>derive, filter and require in definitions.</summary>
public sealed class ExpressionOpsReaderTests
{
    [Fact]
    public void Thirty_type_faults_are_told_at_once_each_with_its_column()
    {
        string[] expressions =
        [
            "fare + who", "who > 1", "fare", "not fare", "at - who", "fare and true", "who || fare > 1", "lower(fare) = 'x'",
            "round(who) > 1", "at > 5", "fare = 'x'", "fare in (1, who)", "fare between who and 2", "who like 5", "case when fare then true end",
            "coalesce(fare, who) > 1", "greatest(at, fare) > at", "nullif(who, 1) = 'x'", "abs(at) > 1", "length(fare) > 1", "fre > 1",
            "\"Fare\" > 1", "lowr(who) = 'x'", "fare >", "(fare > 1", "fare > 1)", "who = \"x\"", "now() > at", "date_trunc('dya', at) = at",
            "fare == 1",
        ];
        string ops = string.Join(',', expressions.Select(e => JsonSerializer.Serialize(new { op = "filter", expression = e })));

        string[] faults = Faults(ops);

        Assert.Empty(expressions.Where((_, i) => !faults.Any(fault => fault.StartsWith($"/transforms/{i}/", StringComparison.Ordinal))));
        Assert.All(faults, fault => Assert.Matches(@"^/transforms/\d+/expression: Column \d+: \S.*[.?)]$", fault));
        Assert.Equal(
            [
                "/transforms/2/expression: Column 1: The expression gives number where boolean is expected. Compare it with something.",
                "/transforms/20/expression: Column 1: There is no field fre. Did you mean fare?",
            ],
            faults.Where(fault => fault.StartsWith("/transforms/2/", StringComparison.Ordinal) || fault.StartsWith("/transforms/20/", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(
        "{ 'op': 'derive', 'field': 'n', 'type': 'integer', 'expression': 'fare' }",
        "/transforms/0/expression: Column 1: The expression gives number where integer is expected. Convert it: cast(… as integer).")]
    [InlineData(
        "{ 'op': 'derive', 'field': 'n', 'expression': 'm' }, { 'op': 'derive', 'field': 'm', 'expression': 'n' }",
        "/transforms/0/expression: Column 1: The field m is set by a later op: move that one before this.")]
    [InlineData("{ 'op': 'derive', 'field': 'n' }", "/transforms/0/expression: Is missing: what is computed, such as \"fare / nullif(km, 0)\".")]
    [InlineData("{ 'op': 'derive', 'expression': '1' }", "/transforms/0/field: Is missing: the field that takes the result.")]
    [InlineData("{ 'op': 'derive', 'field': 'n', 'expression': '\\'x\\'', 'onError': 'skip' }",
        "/transforms/0/onError: \"skip\" is not known here: use one of reject, null.")]
    [InlineData("{ 'op': 'derive', 'field': 'fare', 'type': 'number', 'expression': 'fare' }",
        "/transforms/0/type: Leave it out: the schema declares this field, and says its type.")]
    [InlineData("{ 'op': 'derive', 'field': 'n', 'format': 'emial', 'expression': 'who' }",
        "/transforms/0/sqlType: \"emial\" is no format of type string: use one of default, email, uri, binary, uuid.")]
    [InlineData("{ 'op': 'filter', 'condition': 'fare > 1' }",
        "/transforms/0/expression: Is missing: the condition of the records that are kept, such as \"fare > 0\".",
        "/transforms/0/condition: \"condition\" is not a known property. Did you mean \"expression\"?")]
    [InlineData("{ 'op': 'require', 'expression': 'fare > 1' }",
        "/transforms/0/code: Is missing: the code of the records that are rejected, such as \"ends_before_start\".")]
    [InlineData("{ 'op': 'require', 'expression': 'fare > 1', 'code': 'Too-low' }",
        "/transforms/0/code: Must match ^[a-z][a-z0-9_]{0,62}$: small letters, digits and underscores, a letter first.")]
    [InlineData("{ 'op': 'require', 'expression': 'fare > 1', 'code': 'minimum' }",
        "/transforms/0/code: \"minimum\" is a code of the service: choose one of your own.")]
    [InlineData("{ 'op': 'compute', 'field': 'n', 'expression': '1' }", "/transforms/0/op: \"compute\" is not an op. Did you mean \"derive\"?")]
    [InlineData(
        "{ 'op': 'filter', 'expression': 'fare > 1' }, { 'op': 'trim', 'fields': ['*'] }",
        "/transforms/1/fields/0: op 0 (filter) has computed with \"fare\" already, and op 1 (trim) would change its text: move this op before"
            + " that one.")]
    [InlineData(
        "{ 'op': 'derive', 'field': 'n', 'expression': 'who', 'name': 'copy' }, { 'op': 'lower', 'fields': ['n', 'who'] }",
        "/transforms/1/fields/0: op 0 (derive \"copy\") computes \"n\", and op 1 (lower) works on the texts that are sent: let an expression"
            + " do it.",
        "/transforms/1/fields/1: op 0 (derive \"copy\") has computed with \"who\" already, and op 1 (lower) would change its text: move this op"
            + " before that one.")]
    [InlineData(
        "{ 'op': 'derive', 'field': 'n', 'expression': 'who' }, { 'op': 'mask', 'fields': ['n'] }",
        "/transforms/1/fields/0: op 0 (derive) computes \"n\", and op 1 (mask) works on the texts that are sent: let an expression do it.")]
    [InlineData(
        "{ 'op': 'filter', 'expression': 'who is null' }, { 'op': 'concat', 'fields': ['fare'], 'field': 'who' }",
        "/transforms/1/field: op 0 (filter) has computed with \"who\" already, and op 1 (concat) would change its text: move this op before"
            + " that one.")]
    public void Refuses(string transforms, params string[] faults) => Assert.Equal(faults, Faults(Single(transforms)));

    [Theory]
    [InlineData("{ 'op': 'filter', 'expression': 'who is null' }, { 'op': 'mask', 'fields': ['who'] }, { 'op': 'filter', 'expression': 'who is null' }")]
    [InlineData("{ 'op': 'filter', 'expression': 'who is null' }, { 'op': 'trim', 'fields': ['fare'] }")]
    [InlineData("{ 'op': 'derive', 'field': 'n', 'expression': 'who' }, { 'op': 'derive', 'field': 'n', 'expression': 'n' }")]
    [InlineData("{ 'op': 'derive', 'field': 'n', 'type': 'year', 'expression': 'cast(extract(year from at) as text)' }")]
    public void Takes(string transforms) => Assert.NotEmpty(DefinitionText.Read(Definition(transforms)).Transforms);

    [Fact]
    public void What_is_written_is_what_was_read()
    {
        DatasetDefinition definition = DefinitionText.Read(Definition("""
            { 'op': 'derive', 'field': 'n', 'type': 'string', 'format': 'uuid', 'expression': 'who', 'onError': 'null', 'name': 'copy' },
            { 'op': 'derive', 'field': 'm', 'type': 'number', 'sqlType': 'numeric(10,2)', 'expression': 'fare / 3' },
            { 'op': 'filter', 'expression': 'fare > 0', 'name': 'paid' },
            { 'op': 'require', 'expression': 'm > 0', 'code': 'none', 'message': 'Nothing.' },
            { 'op': 'require', 'expression': 'm > 0', 'code': 'none' },
            { 'op': 'redact', 'fields': ['who'], 'pii': true }
            """));

        string written = DefinitionWriter.Write(definition);

        Assert.Equal(definition.Transforms.Select(Shown), DefinitionText.Read(written).Transforms.Select(Shown));
        Assert.Equal(written, DefinitionWriter.Write(DefinitionText.Read(written)));
        Assert.Contains("""{"op":"derive","name":"copy","field":"n","type":"string","format":"uuid","expression":"who","onError":"null"}""", written, StringComparison.Ordinal);
        Assert.Contains("""{"op":"require","expression":"m \u003E 0","code":"none","message":"Nothing."}""".Replace("\\u003E", ">", StringComparison.Ordinal), written, StringComparison.Ordinal);
        Assert.Equal(["uuid", "numeric(10,2)"], definition.Columns.Skip(3).Select(column => $"{column.ColumnType}"));

        static string Shown(TransformOp op) => JsonSerializer.Serialize<object>(op);
    }

    /// <summary>Single quotes of the tests are those of JSON; an expression has its own.</summary>
    private static string Single(string transforms) => transforms.Replace('\'', '"').Replace("\\\"", "'", StringComparison.Ordinal);

    private static string[] Faults(string transforms)
    {
        using var json = JsonDocument.Parse(Definition("").Replace('\'', '"').Replace("[  ]", $"[ {transforms} ]", StringComparison.Ordinal));
        Assert.Null(DefinitionReader.Read(json.RootElement, "trips", out IReadOnlyDictionary<string, string[]> errors));
        return [.. errors.SelectMany(e => e.Value.Select(message => $"{e.Key}: {message}"))];
    }

    private static string Definition(string transforms) => $$"""
        { 'schema': { 'fields': [
            { 'name': 'fare', 'type': 'number' }, { 'name': 'who', 'type': 'string' }, { 'name': 'at', 'type': 'datetime' } ] },
          'transforms': [ {{transforms}} ] }
        """;
}
