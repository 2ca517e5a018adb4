using PipelineService.Core.Datasets;
using PipelineService.Datasets.Definitions;

namespace PipelineService.Tests.Datasets;

public sealed class TransformsReaderTests
{
    [Fact]
    public void Thirty_faults_are_told_at_once_each_at_its_place()
    {
        string[] faults = Faults("""
            { 'op': 'trimm', 'fields': ['a'] },
            { 'op': 'trim' },
            { 'op': 'trim', 'fields': [] },
            { 'op': 'trim', 'fields': ['nme'], 'characters': '' },
            { 'op': 'lower', 'fields': ['at*', 'x*', 'name', 7], 'coulmn': 1 },
            { 'fields': ['name'] },
            'trim',
            { 'op': 'truncate', 'fields': ['name'] },
            { 'op': 'pad', 'fields': ['name'], 'length': 0, 'side': 'left', 'character': 'ab' },
            { 'op': 'replace', 'fields': ['name'], 'with': '' },
            { 'op': 'replace', 'fields': ['name'], 'text': '', 'pattern': '(', 'with': 1 },
            { 'op': 'map', 'fields': ['name'], 'else': 'skip' },
            { 'op': 'map', 'fields': ['name'], 'table': { 'a': null, 'b': {} } },
            { 'op': 'null_if', 'fields': ['name'] },
            { 'op': 'default', 'fields': ['name'] },
            { 'op': 'split', 'field': 'at', 'separator': '', 'into': [ { 'name': 'p', 'type': 'sting' }, 'p', { 'type': 'any' }, '_record' ] },
            { 'op': 'concat', 'fields': ['name', 'gone'], 'field': 'at', 'type': 'date' },
            { 'op': 'hash', 'fields': ['name'] },
            { 'op': 'hash', 'fields': ['name'], 'algorithm': 'md5', 'secret': 'A:B', 'name': 'h' },
            { 'op': 'mask', 'fields': ['name'], 'keepLast': -1, 'name': 'h' }
            """);

        Assert.Equal(
            [
                "/transforms/0/op: \"trimm\" is not an op. Did you mean \"trim\"?",
                "/transforms/1/fields: Is missing: the fields to work on, such as [\"email\", \"addr_*\"].",
                "/transforms/2/fields: Must have at least one field.",
                "/transforms/3/characters: Must not be empty: leave it out for white space.",
                "/transforms/3/fields/0: \"nme\" is not the name of a field here. Did you mean \"name\"?",
                "/transforms/4/fields/3: Must be a text.",
                "/transforms/4/coulmn: \"coulmn\" is not a known property.",
                "/transforms/4/fields/0: \"at*\" matches no field of type string or any, and lower takes others only by their names.",
                "/transforms/4/fields/1: \"x*\" matches no field.",
                "/transforms/5/op: Is missing: what is to be done, such as \"trim\".",
                "/transforms/6: Must be an object.",
                "/transforms/7/length: Is missing: how many characters stay.",
                "/transforms/8/length: Must be a whole number from 1 to 1000.",
                "/transforms/8/side: \"left\" is not known here: use one of start, end.",
                "/transforms/8/character: Must be one character.",
                "/transforms/9/text: Is missing: the text to look for; or \"pattern\", a regular expression.",
                "/transforms/10/with: Must be a text.",
                "/transforms/10/pattern: Stands beside \"text\": one of the two is looked for.",
                "/transforms/10/pattern: pattern cannot be read at character 2: insufficient closing parentheses.",
                "/transforms/10/text: Must not be empty.",
                "/transforms/11/table: Is missing: what each text becomes, such as { \"UK\": \"GB\" }.",
                "/transforms/11/else: \"skip\" is not known here: use one of keep, null, reject.",
                "/transforms/12/table/a: Must be a text, a number or a boolean.",
                "/transforms/12/table/b: Must be a text, a number or a boolean.",
                "/transforms/13/values: Is missing: the texts that stand for no value, such as [\"-\", \"n/a\"].",
                "/transforms/14/value: Is missing: the value for those that have none.",
                "/transforms/15/separator: Must not be empty.",
                "/transforms/15/into/0/type: \"sting\" is not known here: use one of string, number, integer, boolean, date, time,"
                    + " datetime, object, array, list, year, yearmonth, duration, geopoint, geojson, any. Did you mean \"string\"?",
                "/transforms/15/into/2/name: Is missing.",
                "/transforms/15/into/1: \"p\" is there twice.",
                "/transforms/15/into/3: \"_record\" is a lineage column: use another name, or \"lineage\": false.",
                "/transforms/16/fields/1: \"gone\" is not the name of a field here.",
                "/transforms/16/type: Leave it out: the schema declares this field, and says its type.",
                "/transforms/17/secret: Is missing: the name of the secret that is the key, which is set as Datasets:Secrets:{name};"
                    + " or use the algorithm sha256.",
                "/transforms/18/algorithm: \"md5\" is not known here: use one of sha256, hmac-sha256.",
                "/transforms/18/secret: Must be the name of a secret: letters, digits and single underscores, at most 128. The secret"
                    + " itself is a setting of the service, Datasets:Secrets:{name}.",
                "/transforms/19/name: \"h\" is already the name of op 18.",
                "/transforms/19/keepLast: Must be a whole number from 0 to 10000000.",
            ],
            faults.Order(Comparer<string>.Create((x, y) => Number(x).CompareTo(Number(y)))));

        static int Number(string fault) => int.Parse(fault.Split('/')[2].Split(':')[0], System.Globalization.CultureInfo.InvariantCulture);
    }

    [Theory]
    [InlineData("{ 'op': 'strip', 'fields': ['a'] }", "/transforms/0/op: \"strip\" is not an op. Did you mean \"trim\"?")]
    [InlineData(
        "{ 'op': 'rename', 'fields': ['a'] }",
        "/transforms/0/op: \"rename\" is not an op. The field of the schema has it: \"name\" for the column, \"source\" for the name in the data.")]
    [InlineData("{ 'op': 'trim', 'fields': ['E-mail'] }", "/transforms/0/fields/0: \"E-mail\" is not the name of a field here."
        + " The data calls it so, and its name is \"email\".")]
    [InlineData(
        "{ 'op': 'replace', 'fields': ['name'], 'regex': 'x', 'with': '' }",
        "/transforms/0/text: Is missing: the text to look for; or \"pattern\", a regular expression.",
        "/transforms/0/regex: \"regex\" is not a known property. Did you mean \"pattern\"?")]
    [InlineData(
        "{ 'op': 'replace', 'fields': ['name'], 'pattern': '(?=x)', 'with': '' }",
        "/transforms/0/pattern: pattern cannot be used: look-around, back references and the like are not taken, so that the time for a value"
            + " stays proportional to its length; nor are repetitions by the thousand.")]
    [InlineData(
        "{ 'op': 'hash', 'fields': ['name'], 'algorithm': 'sha256', 'secret': 'K' }",
        "/transforms/0/secret: Belongs to the algorithm hmac-sha256: sha256 has a salt, whose name is in \"saltFrom\".")]
    [InlineData(
        "{ 'op': 'hash', 'fields': ['name'], 'saltFrom': 'K' }",
        "/transforms/0/saltFrom: Belongs to the algorithm sha256: hmac-sha256 has a key, whose name is the \"secret\".")]
    [InlineData(
        "{ 'op': 'concat', 'fields': ['name'], 'field': 'xmin' }",
        "/transforms/0/field: \"xmin\" is a system column of every table: use another name, and \"source\" for this one.")]
    [InlineData(
        "{ 'op': 'concat', 'fields': ['name'], 'field': 'n', 'type': 'date', 'sqlType': 'uuid' }",
        "/transforms/0/sqlType: A field of type date cannot go to a column of type uuid.")]
    [InlineData(
        "{ 'op': 'concat', 'fields': ['name'], 'field': 'n' }, { 'op': 'concat', 'fields': ['n'], 'field': 'n', 'sqlType': 'varchar(3)' }",
        "/transforms/1/sqlType: Leave it out: op 0 sets this field first, and says its type.")]
    [InlineData("{ 'op': 'trim', 'fields': ['n'] }, { 'op': 'concat', 'fields': ['name'], 'field': 'n' }",
        "/transforms/0/fields/0: \"n\" is not the name of a field here.")]
    [InlineData("{ 'op': 'joni', 'fields': ['name'], 'field': 'n' }, { 'op': 'trim', 'fields': ['n'] }",
        "/transforms/0/op: \"joni\" is not an op.")]
    [InlineData("{ 'op': 'parse_date', 'fields': ['name'] }",
        "/transforms/0/formats: Is missing: the patterns of strptime that the texts may have, such as [\"%d/%m/%Y\"].")]
    [InlineData("{ 'op': 'parse_date', 'fields': ['name'], 'formats': ['%d/%m/%Y', '%Q', 'dd'], 'onError': 'skip' }",
        "/transforms/0/formats/1: \"%Q\" is no directive that can be read: use %Y %y %m %b %B %d %j %H %I %p %M %S %f %z %Z %a %A %F %T %R %D %e %h %%.",
        "/transforms/0/formats/2: \"dd\" is not known here: use default, any, or a pattern such as %d/%m/%Y %H:%M.",
        "/transforms/0/onError: \"skip\" is not known here: use one of reject, null.")]
    [InlineData("{ 'op': 'parse_date', 'fields': ['at'], 'formats': ['%d/%m/%Y %H:%M'] }",
        "/transforms/0/fields/0: With the format \"%d/%m/%Y %H:%M\": The pattern reads a time, which a date would lose: declare a datetime.")]
    [InlineData("{ 'op': 'parse_date', 'fields': ['n*'], 'formats': ['%Y'] }",
        "/transforms/0/fields/0: \"n*\" matches no field of type date, time or datetime, and parse_date takes others only by their names.")]
    [InlineData("{ 'op': 'date_part', 'field': 'name', 'part': 'era', 'into': 'x' }",
        "/transforms/0/part: \"era\" is not known here: use one of year, quarter, month, week, day, day_of_week, day_of_year, hour, minute,"
            + " second, week_year, isodow, doy, isoyear.",
        "/transforms/0/field: A part is taken of a date, a time or a datetime: declare the field as one, with the format in which the data has it.")]
    [InlineData("{ 'op': 'date_part', 'field': 'at', 'part': 'hour', 'into': ['x', 'y'] }",
        "/transforms/0/into: Must have one field.",
        "/transforms/0/field: A date has no hour, minute or second.")]
    [InlineData("{ 'op': 'date_part', 'field': 'at', 'part': 'year', 'into': { 'name': 'x', 'type': 'date' } }",
        "/transforms/0/into/type: A part is a whole number, which a field of this type cannot take: use integer.")]
    [InlineData("{ 'op': 'hash', 'fields': ['at'], 'algorithm': 'sha256' }",
        "/transforms/0/fields/0: A hash is a text of 64 hexadecimal digits, which a field of this type cannot hold: declare it a string,"
            + " also where the data has other values. A field of its own, with \"source\", can take the hash beside the value.")]
    [InlineData("{ 'op': 'concat', 'fields': ['name'], 'field': 'h', 'sqlType': 'varchar(63)' }, { 'op': 'hash', 'fields': ['h'], 'algorithm': 'sha256' }",
        "/transforms/1/fields/0: A hash is a text of 64 hexadecimal digits, which the field's format, length or SQL type has no place for.")]
    [InlineData("{ 'op': 'flatten', 'field': 'at', 'separator': '', 'depth': 0, 'rest': 'name' }",
        "/transforms/0/separator: Must not be empty.",
        "/transforms/0/depth: Must be a whole number from 1 to 64.",
        "/transforms/0/field: A field of this type is no JSON object: flatten takes fields of type object, string or any.")]
    [InlineData("{ 'op': 'flatten', 'field': 'name' }",
        "/transforms/0/into: Is missing: the fields that take the members, such as [\"name_city\"].")]
    [InlineData("{ 'op': 'flatten', 'field': 'name', 'into': ['name_x', { 'name': 'y', 'source': 'x' }], 'rest': { 'name': 'at' } }",
        "/transforms/0/into/1/name: Takes \"x\", which goes to another field already.",
        "/transforms/0/rest/name: The rest is a JSON object, which a field of this type cannot take: use object.")]
    public void Refuses(string transforms, params string[] faults) => Assert.Equal(faults, Faults(transforms));

    /// <summary>A later op may make of a hash what the field can hold.</summary>
    [Fact]
    public void A_hash_that_is_cut_fits_shorter_columns() => Assert.Equal(2, Read("""
        { 'op': 'hash', 'fields': ['at'], 'algorithm': 'sha256' }, { 'op': 'redact', 'fields': ['at'] }
        """).Transforms.Length);

    [Theory]
    [InlineData("{ 'op': 'parse_date', 'fields': ['at', 'name'], 'formats': ['%d/%m/%Y', '%F'], 'onError': 'null' }")]
    [InlineData("{ 'op': 'date_part', 'field': 'at', 'part': 'isodow', 'into': 'weekday' }")]
    [InlineData("{ 'op': 'date_part', 'field': 'at', 'part': 'year', 'into': { 'name': 'y', 'type': 'integer', 'sqlType': 'smallint' } }")]
    [InlineData("{ 'op': 'flatten', 'field': 'name', 'into': ['name_x', { 'name': 'y', 'source': 'b_c', 'type': 'number' }], 'depth': 2, 'rest': 'r' }")]
    public void What_is_read_is_written_so_that_it_reads_the_same(string transforms)
    {
        DatasetDefinition definition = Read(transforms);

        DatasetDefinition again = DefinitionText.Read(DefinitionWriter.Write(definition).Replace('"', '\''));

        Assert.Equal(DefinitionWriter.Write(definition), DefinitionWriter.Write(again));
        Assert.Equal(definition.Columns.Select(c => $"{c.Name} {c.ColumnType}"), again.Columns.Select(c => $"{c.Name} {c.ColumnType}"));
        Assert.Equal($"{definition.Transforms[0].GetType()}", $"{again.Transforms[0].GetType()}");
    }

    [Fact]
    public void Refuses_more_ops_than_there_may_be()
    {
        string op = "{ 'op': 'trim', 'fields': ['name'] }";

        Assert.Equal(["/transforms: There must be at most 500 ops."], Faults(string.Join(',', Enumerable.Repeat(op, 501))));
        Assert.Equal(500, Read(string.Join(',', Enumerable.Repeat(op, 500))).Transforms.Length);
    }

    [Fact]
    public void Refuses_more_columns_than_there_may_be()
    {
        string into = string.Join(',', Enumerable.Range(0, 1_596).Select(i => $"'f{i}'"));

        Assert.Equal(
            ["/transforms: With the fields that they set there are 1599 columns: 1598 are possible."],
            Faults($"{{ 'op': 'split', 'field': 'name', 'separator': ' ', 'into': [{into}] }}"));
    }

    /// <summary>Some kilobytes of a definition must not ask for a million steps a record, nor for as many comparisons to find that out.</summary>
    [Theory]
    [InlineData(1_000, 50, "'*'", "")]
    [InlineData(1_000, 51, "'*'", "/transforms: The ops work on more than 50,000 fields, one that several work on counted for each: name those that need it.")]
    [InlineData(1_000, 500, "'*'", "/transforms: The ops work on more than 50,000 fields, one that several work on counted for each: name those that need it.")]
    [InlineData(1_000, 500, "'f1', 'f12*', 'f3'", "")]
    [InlineData(
        1_000, 500, "'f1', 'f11*', 'f12*', 'f13*', 'f14*', 'f15*'",
        "/transforms: There are too many patterns for so many fields: name the fields, or use patterns that match more of them.")]
    public void The_steps_that_ops_ask_for_have_a_bound(int columns, int ops, string fields, string fault)
    {
        string schema = string.Join(',', Enumerable.Range(0, columns).Select(i => $"{{ 'name': 'f{i}' }}"));
        string list = string.Join(',', Enumerable.Repeat($"{{ 'op': 'trim', 'fields': [{fields}] }}", ops));
        string definition = $"{{ 'schema': {{ 'fields': [{schema}] }}, 'transforms': [{list}] }}";

        if (fault.Length == 0)
        {
            Assert.Equal(ops, DefinitionText.Read(definition).Transforms.Length);
        }
        else
        {
            Assert.Equal([fault], DefinitionText.Faults(definition));
        }
    }

    /// <summary>Each guess is a look at all fields: a hundred thousand wrong names have fifty of them.</summary>
    [Fact]
    public void It_is_guessed_for_the_first_faults_alone_what_was_meant()
    {
        string names = string.Join(',', Enumerable.Repeat("'nam'", 600));

        string[] faults = Faults($"{{ 'op': 'trim', 'fields': [{names}] }}");

        Assert.Equal(501, faults.Length);
        Assert.Equal(50, faults.Count(fault => fault.EndsWith("Did you mean \"name\"?", StringComparison.Ordinal)));
    }

    [Fact]
    public void Says_nothing_of_fields_where_the_schema_cannot_be_read() => Assert.Equal(
        ["/schema/fields: Must be an array."],
        DefinitionText.Faults("{ 'schema': { 'fields': 1 }, 'transforms': [ { 'op': 'trim', 'fields': ['*', 'a'] } ] }"));

    [Fact]
    public void Columns_are_the_fields_and_what_ops_set()
    {
        DatasetDefinition definition = Read("""
            { 'op': 'split', 'field': 'name', 'separator': ' ', 'into': ['first', 'at', { 'name': 'n', 'type': 'number', 'sqlType': 'numeric(5,2)' }] },
            { 'op': 'concat', 'fields': ['first'], 'field': 'n' }
            """);

        Assert.Equal(
            ["name:text", "at:date", "email:text", "first:text", "n:numeric(5,2)"],
            definition.Columns.Select(c => $"{c.Name}:{c.ColumnType}"));
        Assert.Equal(
            ["text", "date", "text", "bigint", "numeric(5,2)"],
            definition.WithColumnTypes([null, null, null, new SqlType(SqlTypeName.BigInt), definition.Columns[4].SqlType])
                .Columns.Select(c => $"{c.ColumnType}"));
    }

    private static DatasetDefinition Read(string transforms) => DefinitionText.Read(Definition(transforms));

    private static string[] Faults(string transforms) => DefinitionText.Faults(Definition(transforms));

    private static string Definition(string transforms) => $$"""
        { 'schema': { 'fields': [
            { 'name': 'name', 'type': 'string' }, { 'name': 'at', 'type': 'date' }, { 'name': 'email', 'source': 'E-mail' } ] },
          'transforms': [ {{transforms}} ] }
        """;
}
