using System.Globalization;
using System.Text;
using System.Text.Json;
using CsCheck;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Write.Targets;

/// <summary>
/// For every type of Table Schema: a text that is loaded is what PostgreSQL makes of the same text, or both refuse it. Where the
/// service is stricter the row of <see cref="Types"/> says so, and then the oracle is only asked about what was taken.
/// </summary>
/// <remarks>
/// Each case is some hundred texts: some that were thought of, the others made at random of pieces that mean something to the
/// type. CsCheck prints the seed of a failure (<c>CsCheck_Seed</c> runs it again).
/// </remarks>
public sealed class FieldTypeOracleTests(LoadingService service) : IClassFixture<LoadingService>
{
    private const int TextsMax = 300;

    private static int _tables;

    /// <summary>Names of the rows below.</summary>
    public static TheoryData<string> Cases => [.. Types.Keys];

    /// <summary>Names of the rows of <see cref="JsonTypes"/>.</summary>
    public static TheoryData<string> JsonCases => [.. JsonTypes.Keys];

    /// <summary>
    /// The same for the types that NDJSON carries in a form of its own: <c>$1</c> is the JSON of a value, and all texts are good.
    /// </summary>
    private static readonly Dictionary<string, OracleCase> JsonTypes = new()
    {
        ["list"] = new(
            "'type': 'list'", ListOf("text"), "PostgreSQL makes texts of everything",
            ["[", "]", "\"a\"", ",", "\"\\u00e9\"", "1", "null", " "], ["[]", "[\"a\",\"b,c\",\"\",\"null\",\"\\\"{}\\\\\"]"]),
        ["list of integer"] = new(
            "'type': 'list', 'itemType': 'integer'", ListOf("bigint"),
            "PostgreSQL makes numbers of texts",
            ["[", "]", "1", ",", "-2", "9223372036854775807", "8", ".5", "\"1,-2\""], ["[]", "[1,-2,9223372036854775807]"]),
        ["list of number"] = new(
            "'type': 'list', 'itemType': 'number'", ListOf("numeric"),
            "PostgreSQL makes numbers of texts",
            ["[", "]", "1.50", ",", "-2", "e5", "0"], ["[1.50,-2e5,0]"]),
        ["list of boolean"] = new(
            "'type': 'list', 'itemType': 'boolean'", ListOf("boolean"),
            "PostgreSQL makes truth values of texts and numbers",
            ["[", "]", "true", ",", "false", "1"], ["[true,false]"]),
        ["year"] = new(
            "'type': 'year'", "($1::jsonb #>> '{}')::integer", "PostgreSQL also takes integers that are not written as years",
            ["2", "024", "-", "44", "\"2024\"", ".0", "e3", "999"], ["2024", "12024", "\"2024\"", "\"-0044\""]),
        ["yearmonth"] = new(
            "'type': 'yearmonth'", "(($1::jsonb #>> '{}') || '-01')::date", "PostgreSQL also takes other forms",
            ["\"2024-02\"", "\"2024-13\"", "2024"], ["\"2024-02\""]),
        ["duration"] = new(
            "'type': 'duration'",
            "CASE WHEN $1 LIKE '\"-%' THEN -(substr($1::jsonb #>> '{}', 2)::interval) ELSE ($1::jsonb #>> '{}')::interval END",
            "PostgreSQL also takes its own forms, fractions of every part, signs of parts, and parts in any order",
            ["\"P", "\"-P", "1Y", "2M", "3D", "T", "4H", "6.789S", "\"", "12"], ["\"P1Y2M3DT4H5M6.789S\"", "\"-P1D\"", "\"\\u0050T1S\""]),
        ["geopoint"] = new(
            "'type': 'geopoint'", "($1::jsonb #>> '{}')::point", "PostgreSQL also takes parentheses, and points that are not on earth",
            ["\"1", "\"90.5", ",", " ", "-", "45.25\"", "e1", "180"], ["\"90.50, 45.50\"", "\"-180,-90\""]),
        ["geopoint array"] = new(
            "'type': 'geopoint', 'format': 'array'", "point(($1::jsonb ->> 0)::float8, ($1::jsonb ->> 1)::float8)",
            "the oracle does not look whether there are more members",
            ["[", "1", "90.5", ",", "]", "\"2\"", "-", "e-5"], ["[90.5, 45.5]", "[\"1\",2]", "[0.0,1e-5]"]),
        ["geopoint object"] = new(
            "'type': 'geopoint', 'format': 'object'", "point(($1::jsonb ->> 'lon')::float8, ($1::jsonb ->> 'lat')::float8)",
            "the oracle does not look whether there are more members",
            ["{", "\"lon\":1", ",", "\"lat\":2", "}", "90.5", "\"l\\u0061t\":3"], ["{\"lat\":45.5,\"lon\":90.5}", "{\"lon\":\"1\",\"lat\":2}"]),
        ["geojson"] = new(
            "'type': 'geojson'", "$1::jsonb", "PostgreSQL does not know GeoJSON",
            ["{\"type\":\"Point\",", "\"coordinates\":", "[1,2]", "}", "[[1,2]]", "{\"type\":\"MultiPoint\","],
            ["{\"type\":\"Point\",\"coordinates\":[90.5,45.5]}", "{\"type\":\"Feature\",\"geometry\":null,\"properties\":{\"a\":1.50}}"]),
        ["string binary"] = new(
            "'type': 'string', 'format': 'binary'", "decode($1::jsonb #>> '{}', 'base64')",
            "PostgreSQL also takes texts whose padding is wrong or missing",
            ["\"aGVs", "bG8=", "bG8", "\"", "==", "/+", "\\n", "QQ", "\\u003d"], ["\"aGVsbG8=\"", "\"aGVs\\nbG8\\u003d\"", "\"QQ==\""]),
    };

    /// <summary>
    /// Field; SQL for the value of a text <c>$1</c>; whether the service is stricter, and in what; pieces of texts; texts.
    /// </summary>
    private static readonly Dictionary<string, OracleCase> Types = new(ListCases())
    {
        ["string"] = new("'type': 'string'", "$1", null, ["a", " ", "é", "😀", "\"", ",", "\\", "'", "\t", "x"], []),
        ["string uuid"] = new(
            "'type': 'string', 'format': 'uuid'", "$1::uuid", "PostgreSQL also takes braces and other groups",
            ["a0eebc99", "-", "9c0b", "4EF8", "bb6d", "6bb9bd380a11", "{", "}", "g"], ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]),
        ["string binary"] = new(
            "'type': 'string', 'format': 'binary'", "decode($1, 'base64')",
            "PostgreSQL also takes texts whose padding is wrong or missing",
            ["aGVs", "bG8=", "bG8", "=", "==", "/+", "A", "\n", " ", "-", "Q", "QQ=="], ["aGVsbG8=", "", "QQ==", "aGVs\nbG8="]),
        ["number"] = new(
            "'type': 'number'", "$1::numeric", "PostgreSQL also takes blanks around numbers, and infinity by its full name",
            ["1", "23", ".", "-", "+", "e", "E5", "0", "00", "9999", "e-7", " ", "NaN", "inf"],
            ["NaN", "INF", "-INF", "1e1000", "-0", ".5", "5.", "1e-1000", "1e131072", "0.000000000000000000000000000000000001",
                "0E599990009999", "0e1073741822", "0e1073741823", "0e-1073741823", "0e20000", "0e-20000"]),
        ["number of 1000 digits"] = new(
            "'type': 'number', 'sqlType': 'numeric(1000,500)'", "$1::numeric(1000,500)", "PostgreSQL also takes blanks around numbers",
            ["1", "23", ".", "-", "e", "99", "e-499", "e499", "5"],
            ["NaN", "INF", "-INF", "1e499", "1e500", "1e-500", "5e-501", "4e-501", "1e-501", "-9.5e499"]),
        ["number double"] = new(
            "'type': 'number', 'sqlType': 'double precision'", "$1::float8", "PostgreSQL also takes blanks and Infinity",
            ["1", "23", ".", "-", "+", "e", "E5", "0", "9007199254740993", "e-300", "e308"], ["NaN", "1e400", "5e-324", "1e-400"]),
        ["integer"] = new(
            "'type': 'integer'", "$1::bigint", "PostgreSQL also takes blanks around integers",
            ["1", "23", "-", "+", "0", "000", "922337203685477580", "7", "8", " ", "x", "."], ["9223372036854775807", "-9223372036854775808"]),
        ["boolean"] = new(
            "'type': 'boolean'", "$1::boolean", "PostgreSQL also takes parts of words, yes and no, on and off",
            ["true", "false", "T", "1", "0", "e"], ["true", "True", "TRUE", "1", "false", "False", "FALSE", "0"]),
        ["date"] = new(
            "'type': 'date'", "$1::date", "PostgreSQL also takes other forms, infinity and words such as today",
            ["2024", "-", "02", "29", "30", "1900", "0001", "9999", "12", "31", "00"], ["2024-02-29", "1900-02-29", "0000-01-01"]),
        ["time"] = new(
            "'type': 'time'", "$1::time", "PostgreSQL also takes other forms, 24:00:00, and rounds to a microsecond",
            ["12", ":", "30", "59", "60", "23", ".5", ".123456", "00", "0"], ["23:59:59.999999", "00:00:00", "12:30:00.5"]),
        ["datetime"] = new(
            "'type': 'datetime'", "$1::timestamptz", "PostgreSQL also takes other forms, 24:00:00, and rounds to a microsecond",
            ["2024-02-29", "T", " ", "12:30:00", "Z", "+05:30", "-0800", "+02", ".5", "1999-12-31"],
            ["2024-02-29T12:30:00", "2024-02-29 12:30:00.5+05:30", "0001-01-01T00:00:00Z"]),
        ["year"] = new(
            "'type': 'year'", "$1::integer", "PostgreSQL also takes integers that are not written as years",
            ["2", "0", "24", "1999", "-", "0044", "9"], ["2024", "0000", "-0044", "12024", "2147483647", "2147483648"]),
        ["yearmonth"] = new(
            "'type': 'yearmonth'", "($1 || '-01')::date", "PostgreSQL also takes other forms",
            ["2024", "-", "02", "12", "13", "1", "0001", "9999"], ["2024-02", "9999-12", "0000-01"]),
        ["duration"] = new(
            "'type': 'duration'", "CASE WHEN left($1, 1) = '-' THEN -(substr($1, 2)::interval) ELSE $1::interval END",
            "PostgreSQL also takes its own forms, fractions of every part, signs of parts, and parts in any order",
            ["P", "1Y", "2M", "3D", "T", "4H", "5M", "6S", "6.789S", "2W", "-", "0.000001S", "10", "99999999D"],
            ["P1Y2M3DT4H5M6.789S", "-P1Y2M3DT4H5M6.789S", "P2W", "PT0S", "PT2562047788H", "P178956970Y7M", "P2147483647D"]),
        ["geopoint"] = new(
            "'type': 'geopoint'", "$1::point", "PostgreSQL also takes parentheses, and points that are not on earth",
            ["1", "90.5", ",", " ", "-", "45.25", "e1", "0.1", "180"], ["90.50, 45.50", "-180,-90", "180,90", "1e-5, 0"]),
        ["geopoint array"] = new(
            "'type': 'geopoint', 'format': 'array'", "point(($1::jsonb ->> 0)::float8, ($1::jsonb ->> 1)::float8)",
            "the oracle does not look whether there are more members", ["[", "1", "90.5", ",", "]", "\"2\""], ["[90.5, 45.5]", "[\"1\",2]"]),
        ["geopoint object"] = new(
            "'type': 'geopoint', 'format': 'object'", "point(($1::jsonb ->> 'lon')::float8, ($1::jsonb ->> 'lat')::float8)",
            "the oracle does not look whether there are more members",
            ["{", "\"lon\":1", ",", "\"lat\":2", "}", "90.5"], ["{\"lat\":45.5,\"lon\":90.5}", "{\"lon\":\"1\",\"lat\":2}"]),
        ["object"] = new(
            "'type': 'object'", "$1::jsonb", "PostgreSQL also takes what is no object, and the last of two members of a name",
            ["{", "}", "\"a\"", ":", ",", "1", "[", "]", "null", "\"b\":2", " "], ["{}", "{\"a\":1.50,\"b\":[null,true]}", "{\"a\":\"\\u00e9\"}"]),
        ["array"] = new(
            "'type': 'array'", "$1::jsonb", "PostgreSQL also takes what is no array",
            ["[", "]", "1", ",", "null", "\"x\"", "{}", " "], ["[]", "[1,[2,[3]]]", "[1e400]"]),
        ["geojson"] = new(
            "'type': 'geojson'", "$1::jsonb", "PostgreSQL does not know GeoJSON",
            ["{\"type\":\"Point\",", "\"coordinates\":", "[1,2]", "}", "[[1,2]]"],
            ["{\"type\":\"Point\",\"coordinates\":[90.5,45.5]}", "{\"type\":\"Feature\",\"geometry\":null,\"properties\":{\"a\":1}}"]),
        ["any"] = new("'type': 'any'", "$1", null, ["a", "1", " ", "é", "{", "\"", "\\"], []),
        ["list"] = new(
            "'type': 'list', 'delimiter': ';'", "string_to_array($1, ';')", null,
            ["a", ";", " ", "\"", "\\", "{", "}", "NULL", "é", ","], ["a;b", ";", "NULL;null"]),
        ["date %d/%m/%Y"] = new(
            "'type': 'date', 'format': '%d/%m/%Y'", "to_date($1, 'DD/MM/YYYY')", "PostgreSQL also takes other marks and years",
            ["1", "29", "/", "02", "2024", "12", "31"], ["29/02/2024", "1/2/2024", "31/04/2024"]),
        ["datetime %Y%m%d %H%M%S"] = new(
            "'type': 'datetime', 'format': '%Y%m%d %H%M%S'", "to_timestamp($1, 'YYYYMMDD HH24MISS')", "PostgreSQL also takes parts of it",
            ["20240229", " ", "235959", "1", "0"], ["20240229 235959", "99991231 000000"]),
        ["date any"] = new(
            "'type': 'date', 'format': 'any'", "$1::date", "PostgreSQL guesses day and month by DateStyle, and takes more",
            ["2024", "-", "/", "26", "13", "Jan", " "],
            ["26 Jan 2024", "Jan 26, 2024", "20240126", "26-Jan-2024", "2024/01/26", "26JAN2024", "01/26/2024"]),
        ["time any"] = new(
            "'type': 'time', 'format': 'any'", "regexp_replace($1, '^(\\d+)( *[apAP][mM])$', '\\1:00\\2')::time",
            "PostgreSQL also takes zones, and wants minutes behind an hour",
            ["1", "2", ":", "30", " ", "pm", "AM", ".5"], ["15:00", "3:00 pm", "12:30am", "15:00:00.25"]),
        ["datetime any"] = new(
            "'type': 'datetime', 'format': 'any'", "$1::timestamptz", "PostgreSQL also takes names of zones, and guesses day and month",
            ["2024-01-26", "26 Jan 2024", " ", "T", "15:00", ":30", "Z", "+0530", "pm", "GMT"],
            ["Fri, 26 Jan 2024 15:00:00 +0530", "Fri Jan 26 15:00:00 2024", "20240126T150000Z", "2024-01-26 3:00 PM"]),
    };

    [Theory, MemberData(nameof(Cases))]
    public async Task Means_what_PostgreSQL_says(string name)
    {
        OracleCase type = Types[name];
        string[] texts = [.. type.Texts.Concat(RandomTexts(type.Pieces)).Distinct().Take(TextsMax)];
        string table = NextTable();
        await service.DeclareAsync(
            table,
            $$"""{ "name": "id", "type": "integer" }, { "name": "v", {{type.Field.Replace('\'', '"')}} }""",
            schema: ", \"missingValues\": []");

        JobView job = await service.LoadAsync(table, "id,v\n" + string.Concat(texts.Select((text, i) => $"{i},\"{Quoted(text)}\"\n")));

        Assert.True(job.Error is null, job.Error?.Detail);
        Assert.Equal(texts.Length, job.Records.Read);
        Assert.True(job.Records.Loaded > 0, "Some texts are values.");
        string[] different = await DifferencesAsync(table, texts, type);
        Assert.True(different.Length == 0, $"{name}:\n{string.Join('\n', different)}");
    }

    [Theory, MemberData(nameof(JsonCases))]
    public async Task In_JSON_means_what_PostgreSQL_says(string name)
    {
        OracleCase type = JsonTypes[name];
        string[] values = [.. type.Texts.Concat(RandomTexts(type.Pieces)).Distinct().Where(IsJson).Take(TextsMax)];
        string table = NextTable();
        await service.DeclareAsync(
            table, $$"""{ "name": "id", "type": "integer" }, { "name": "v", {{type.Field.Replace('\'', '"')}} }""");

        JobView job = await service.LoadAsync(
            table,
            Encoding.UTF8.GetBytes(string.Concat(values.Select((value, i) => $"{{\"id\":{i},\"v\":{value}}}\n"))),
            "application/x-ndjson");

        Assert.True(job.Error is null, job.Error?.Detail);
        Assert.Equal(values.Length, job.Records.Read);
        Assert.True(job.Records.Loaded >= type.Texts.Length, "What was thought of is taken.");
        string[] different = await DifferencesAsync(table, values, type);
        Assert.True(different.Length == 0, $"{name}:\n{string.Join('\n', different)}");
    }

    /// <summary>What was loaded as something else than the oracle says; and what was refused, unless the service is stricter.</summary>
    private async Task<string[]> DifferencesAsync(string table, string[] texts, OracleCase type)
    {
        string columnType = (await service.Database.ScalarAsync<string>(
            $"SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attname = 'v'"))!;
        await service.Database.ExecuteAsync($"""
            CREATE TABLE {table}_texts (id integer, v text);
            INSERT INTO {table}_texts SELECT ord - 1, convert_from(decode(hex, 'hex'), 'UTF8')
                FROM unnest(string_to_array('{string.Join(',', texts.Select(HexOf))}', ',')) WITH ORDINALITY AS t (hex, ord);
            CREATE FUNCTION {table}_read(text) RETURNS {columnType} LANGUAGE plpgsql AS $$
                BEGIN RETURN {type.Oracle}; EXCEPTION WHEN OTHERS THEN RETURN NULL; END $$;
            ALTER FUNCTION {table}_read SET TimeZone = 'UTC';
            """);
        string refusals = type.Stricter is null ? "l.v IS DISTINCT FROM r.v" : "l.v IS NOT NULL AND l.v IS DISTINCT FROM r.v";
        return await service.RowsAsync($"""
            SELECT format('%L is %s here and %s there', t.v, coalesce(l.v, 'refused'), coalesce(r.v, 'refused'))
            FROM {table}_texts t
            CROSS JOIN LATERAL (SELECT {table}_read(t.v)::text AS v) r
            LEFT JOIN LATERAL (SELECT v::text AS v FROM {table} WHERE id = t.id) l ON true
            WHERE {refusals}
            """);
    }

    private static IEnumerable<KeyValuePair<string, OracleCase>> ListCases() =>
        new (string Item, string Sql, string[] Pieces, string[] Texts)[]
        {
            ("integer", "bigint", ["1", "-2", ",", "x"], ["1,2,3", "9223372036854775807", "1,,2"]),
            ("number", "numeric", ["1.50", "-2", ",", "e5", "NaN"], ["1.50,2", "NaN,1e3"]),
            ("boolean", "boolean", ["true", "0", ",", "FALSE"], ["true,0"]),
            ("date", "date", ["2024-02-29", ",", "1999-12-31"], ["2024-02-28,2024-02-29"]),
            ("time", "time", ["12:00:00", ",", "23:59:59.5"], ["12:00:00"]),
            ("datetime", "timestamptz", ["2024-02-29T12:00:00", ",", "Z", "+02:00"], ["2024-02-29T12:00:00Z,2024-02-29 12:00:00+02:00"]),
        }
        .Select(c => KeyValuePair.Create(
            $"list of {c.Item}",
            new OracleCase(
                $"'type': 'list', 'itemType': '{c.Item}'", $"string_to_array($1, ',')::{c.Sql}[]",
                "PostgreSQL takes more forms of an item, as of a value", c.Pieces, c.Texts)));

    private static HashSet<string> RandomTexts(string[] pieces)
    {
        HashSet<string> texts = [];
        Gen.Int[0, pieces.Length - 1].Select(i => pieces[i]).Array[1, 7].Sample(parts => texts.Add(string.Concat(parts)) || true, iter: 2 * TextsMax, threads: 1);
        return texts;
    }

    /// <summary>A text is read as in CSV, and an array item by item.</summary>
    private static string ListOf(string type) => $"""
        CASE jsonb_typeof($1::jsonb) WHEN 'string' THEN string_to_array($1::jsonb #>> '{"{}"}', ',')::{type}[]
            ELSE ARRAY(SELECT jsonb_array_elements_text($1::jsonb)::{type}) END
        """;

    private static string NextTable() =>
        string.Create(CultureInfo.InvariantCulture, $"oracle_{Interlocked.Increment(ref _tables)}");

    private static bool IsJson(string text)
    {
        try
        {
            using var _ = JsonDocument.Parse(text);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string Quoted(string text) => text.Replace("\"", "\"\"", StringComparison.Ordinal);

    private static string HexOf(string text) => Convert.ToHexString(Encoding.UTF8.GetBytes(text));

    private sealed record OracleCase(string Field, string Oracle, string? Stricter, string[] Pieces, string[] Texts);
}
