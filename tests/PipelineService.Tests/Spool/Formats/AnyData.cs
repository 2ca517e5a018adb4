using System.Text;
using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing.Packed;
using PipelineService.Datasets.Definitions;
using PipelineService.Spool.Conversion.Packing;

namespace PipelineService.Tests.Spool.Formats;

/// <summary>
/// Data of one kind: good documents, and what means something in them, of which others are made that are hardly good any more.
/// </summary>
/// <param name="Name">What a failed test calls it.</param>
/// <param name="Definition">Of the dataset, with apostrophes for quotation marks.</param>
/// <param name="Samples">Whole documents.</param>
/// <param name="Tokens">Pieces of them.</param>
internal sealed record AnyData(string Name, DataFormat Format, string Definition, string[] Samples, string[] Tokens)
{
    private const string Fields = "{ 'name': 'id', 'type': 'integer' }, { 'name': 'note' }, { 'name': 'amount', 'type': 'number' }";

    private static readonly string[] CsvTokens =
    [
        ",", ",", ";", "\t", "\"", "\"", "\"\"", "\n", "\n", "\r\n", "\r", "\\", "#", " ", "\0", "é", "€", "\uFEFF", "1", "-2.5", "id,note,amount\n", "\"a\nb\"", "a\"b",
        "||", "'", "\\N", "sep=;\n", new string('x', 70), "_raw,_record,_line,_field,_code,_message\n",
    ];

    private static readonly string[] JsonTokens =
    [
        "{", "}", "[", "]", ":", ",", ",", "\"", "\\", "\\u0000", "\\ud800", "\n", "\r\n", " ", "1", "-0", "1e999", "12345678901234567890.5", "true", "null", "NaN",
        "\"id\":", "\"e\":", "\"note\":\"a\"", "{\"id\":1}", "\u001E", "\0", "é", "\uFEFF", new string('[', 70), new string('x', 70),
    ];

    private static readonly string[] Csv =
    [
        "id,note,amount\n1,a,2.5\n2,\"b\nc\",3\n\n3,\"say \"\"hi\"\"\",\n4,plain é,-1e3\n", "\uFEFFid,note,amount\r\n1,a,2.5\r\nx,\"open,3\r\n2,b,4\r\n3,c,5",
        "note,amount,id\ra,1,2\rb,3,4\r",
    ];

    private static readonly string[] Lines =
    [
        "{\"id\":1,\"note\":\"a\",\"amount\":2.5}\n{\"id\":2,\"note\":\"b\\n\\u00e9\"}\r\n\n {\"id\":\"3\",\"amount\":null}\n{\"note\":\"last\",\"id\":4}",
    ];

    public static IReadOnlyList<AnyData> Kinds { get; } =
    [
        new("csv", DataFormat.Csv, Schema(""), Csv, CsvTokens),
        new("csv, ragged", DataFormat.Csv, Schema(", 'dialect': { 'raggedRows': 'padAndTrim' }"), Csv, CsvTokens),
        new("csv of a spreadsheet", DataFormat.Csv, Schema(", 'dialect': { 'delimiter': ';', 'headerRows': [2], 'commentChar': '#', 'skipInitialSpace': true }"),
            ["sep=;\nid;note;amount\n1; a;2.5\n#x\n2; \"b;c\";\n"], CsvTokens),
        new("csv, escaped", DataFormat.Csv, Schema(", 'dialect': { 'quoteChar': '', 'escapeChar': '\\\\', 'nullSequence': '\\\\N', 'delimiter': '\t', 'header': false }"),
            ["1\ta\\\tb\t2\n2\t\\N\t\\N\n3\ta\\\nb\t4\n"], CsvTokens),
        new("csv, its own ends", DataFormat.Csv, Schema(", 'dialect': { 'delimiter': '||', 'lineTerminator': '~~', 'headerMatch': 'caseInsensitive' }"),
            ["ID|| Note||amount~~1||a\nb||2~~2||\"c||d\"||~~"], [.. CsvTokens, "~~", "~", "|"]),
        .. ((string[])["windows-1252", "utf-16", "utf-16be", "shift_jis", "gb18030", "euc-kr"]).Select(
            encoding => new AnyData($"csv in {encoding}", DataFormat.Csv, Schema($", 'encoding': '{encoding}'"), Csv, CsvTokens)),
        new("ndjson", DataFormat.Ndjson, Schema(""), Lines, JsonTokens),
        new("ndjson in utf-16le", DataFormat.Ndjson, Schema(", 'encoding': 'utf-16le'"), Lines, JsonTokens),
        new("ndjson, nested", DataFormat.Ndjson,
            "{ 'format': 'ndjson', 'schema': { 'fields': [{ 'name': 'id', 'path': '/a/id', 'type': 'integer' }, { 'name': 'note', 'path': 'a.b.0' }, { 'name': 'all', 'path': '/a', 'type': 'object' }, "
            + "{ 'name': 'rest', 'type': 'object' }], 'rest': 'rest' } }",
            ["{\"a\":{\"id\":1,\"b\":[\"x\",2]},\"c\":[{\"d\":null}]}\n{\"a\":{}}\n{\"a\":7}\n"], [.. JsonTokens, "\"a\":", "\"b\":"]),
        new("ndjson of arrays", DataFormat.Ndjson, Schema(", 'format': 'ndjson', 'dialect': { 'itemType': 'array', 'raggedRows': 'pad' }"),
            ["[\"id\",\"note\",\"amount\"]\n[1,\"a\",2.5]\n\n[2]\n[3,null,\"4\"]\n"], JsonTokens),
        new("ndjson with items", DataFormat.Ndjson, Items, ["{\"h\":\"x\",\"e\":[{\"id\":1},{\"id\":2,\"note\":\"a\"}]}\n{\"e\":[]}\n{\"e\":[{\"id\":3}]}"], JsonTokens),
        new("json", DataFormat.Json, Schema(""), ["[{\"id\":1,\"note\":\"a\"},\n {\"id\":2, \"note\":\"]}\\\"\"} , {\"id\":\"x\"}]\n", "[]", " [\n]"], JsonTokens),
        new("json below a name", DataFormat.Json, Schema(", 'format': 'json', 'dialect': { 'property': '/data/rows' }"),
            ["{\"n\":[1,{\"rows\":2}],\"data\":{\"x\":\"}\",\"rows\":[{\"id\":1},{\"id\":2}],\"y\":{}},\"z\":null}"], [.. JsonTokens, "\"data\":{\"rows\":["]),
        new("json with items", DataFormat.Json, Items, ["[{\"h\":\"x\",\"e\":[{\"id\":1},{\"id\":2}]},{\"e\":[{\"id\":3}]}]", "{\"h\":\"x\",\"e\":[{\"id\":1}]}"], JsonTokens),
        new("json-seq", DataFormat.JsonSequence, Schema(""), ["\u001E{\"id\":1,\n\"note\":\"a\"}\n\u001E{\"id\":2}\n\u001E\u001E{\"id\":\u001E{\"id\":3}"], JsonTokens),
        new("rows of a workbook", DataFormat.Xlsx, Schema(""), ["[\"id\",\"note\",\"amount\"]\n[1,\"a\",2.5]\n\n[2,null,\"x\"]\n[3,\"\\u00e9\",null,4]\n"], JsonTokens),
        new(Packed, DataFormat.Parquet, Schema(""), [], []),
    ];

    private const string Packed = "packed";

    private const string Items =
        "{ 'format': 'ndjson', 'dialect': { 'items': '/e' }, 'schema': { 'fields': [{ 'name': 'id', 'type': 'integer' }, { 'name': 'note' }, { 'name': 'h', 'path': '^/h' }] } }";

    /// <summary>What reads it.</summary>
    public RowPlan Plan { get; } = PlanOf(Definition);

    public UploadForm Form => new(Format, null);

    public TextEncoding OfText => Plan.Definition.Encoding;

    public byte[] Next(Random random)
    {
        if (Name == Packed)
        {
            return NextPacked(random);
        }

        Encoding encoding = EncodingOf(OfText);
        byte[] mark = OfText.Kind == EncodingKind.Utf16Marked ? [0xFF, 0xFE] : [];
        byte[][] tokens = [.. Tokens.Select(encoding.GetBytes)];
        byte[] data = random.Next(4) == 0
            ? [.. mark, .. Enumerable.Range(0, random.Next(40)).SelectMany(_ => tokens[random.Next(tokens.Length)])]
            : [.. mark, .. encoding.GetBytes(Samples[random.Next(Samples.Length)])];
        return Change(data, tokens, random);
    }

    private static byte[] Change(byte[] data, byte[][] tokens, Random random)
    {
        for (int changes = random.Next(1 << random.Next(5)); changes > 0; changes--)
        {
            int at = random.Next(data.Length + 1), end = Math.Min(data.Length, at + random.Next(20));
            data = random.Next(7) switch
            {
                0 => [.. data[..at], .. data[end..]],
                1 => [.. data[..end], .. data[at..]],
                2 => [.. data[..at], (byte)random.Next(256), .. data[Math.Min(data.Length, at + 1)..]],
                3 when random.Next(4) == 0 => data[..at],
                4 => [.. data[..at], .. data[at..end].Reverse(), .. data[end..]],
                _ => [.. data[..at], .. tokens[random.Next(tokens.Length)], .. data[at..]],
            };
        }

        return data;
    }

    /// <summary>What a record says is right or wrong; how long it is is right, because it was not sent by anybody.</summary>
    private static byte[] NextPacked(Random random)
    {
        using MemoryStream file = new();
        PackedRows rows = new(file);
        rows.Names(["id", "note", "amount"]);
        rows.Flush();
        byte[] body = [];
        for (int i = random.Next(6); i > 0; i--)
        {
            PackedValues row = new();
            row.TryInteger(random.NextInt64(-9, 9), PackedTag.Integer);
            row.Text("né"u8);
            _ = random.Next(2) == 0 ? row.TryDecimal(random.Next(), random.Next(38), PackedTag.Decimal) : row.TryFloat(random.NextDouble(), PackedTag.Float);
            byte[] record = row.Written.ToArray();
            record = random.Next(2) == 0 ? record : Change(record, [[0], [1], [2], [11], [1, 255, 255, 255, 127], "1x"u8.ToArray(), [7, 0, 0, 0, 128]], random);
            body = [.. body, .. BitConverter.GetBytes(record.Length), .. record];
        }

        return [.. file.ToArray(), .. body];
    }

    private static string Schema(string rest) => $"{{ 'schema': {{ 'fields': [{Fields}] }}{rest} }}";

    private static RowPlan PlanOf(string definition)
    {
        using var json = JsonDocument.Parse(definition.Replace('\'', '"').Replace("\t", "\\t", StringComparison.Ordinal));
        DatasetDefinition? read = DefinitionReader.Read(json.RootElement, "any_data", out IReadOnlyDictionary<string, string[]> errors);
        Assert.True(read is not null, string.Join(' ', errors.Select(error => $"{error.Key}: {string.Join(' ', error.Value)}")));
        return new RowPlan(read!);
    }

    private static Encoding EncodingOf(TextEncoding encoding) => encoding.Kind switch
    {
        EncodingKind.Utf8 => new UTF8Encoding(false),
        EncodingKind.Utf16Big => new UnicodeEncoding(bigEndian: true, byteOrderMark: false),
        EncodingKind.Utf16Little or EncodingKind.Utf16Marked => new UnicodeEncoding(bigEndian: false, byteOrderMark: false),
        _ => CodePagesEncodingProvider.Instance.GetEncoding(encoding.CodePage) ?? System.Text.Encoding.GetEncoding(encoding.CodePage),
    };
}
