using PipelineService.Core.Datasets;
using PipelineService.Datasets.Definitions;

namespace PipelineService.Tests.Datasets;

public sealed class DefinitionReaderTests
{
    /// <summary>The example of the documentation, less what this version does not do.</summary>
    private const string Trips = """
        {
          "title": "Taxi trips",
          "format": "csv",
          "encoding": "utf-8",
          "dialect": { "delimiter": ",", "header": true },
          "schema": {
            "fields": [
              { "name": "trip_id", "type": "integer", "constraints": { "required": true } },
              { "name": "pickup_at", "type": "datetime" },
              { "name": "fare", "type": "number", "sqlType": "numeric(10,2)", "constraints": { "minimum": 0 } },
              { "name": "email", "type": "string", "source": "E-mail address" }
            ],
            "fieldsMatch": "equal",
            "missingValues": ["", "NA"],
            "primaryKey": ["trip_id"]
          },
          "load": { "table": "public.trips", "mode": "append", "commit": "job", "lineage": true },
          "rejects": { "maxCount": 10000, "maxRatio": null }
        }
        """;

    [Fact]
    public void Reads_the_documented_example()
    {
        DatasetDefinition trips = DefinitionText.Read(Trips);

        Assert.Equal("Taxi trips", trips.Title);
        Assert.Equal(CsvDialect.Default, trips.Dialect);
        Assert.Equal(["trip_id", "pickup_at", "fare", "email"], trips.Schema.Fields.Select(f => f.Name));
        Assert.Equal(new SqlType(SqlTypeName.Numeric, Precision: 10, Scale: 2), trips.Schema.Fields[2].ColumnType);
        Assert.Equal("0", trips.Schema.Fields[2].Constraints.Minimum);
        Assert.Equal("E-mail address", trips.Schema.Fields[3].NameInData);
        Assert.Equal(FieldsMatch.Equal, trips.Schema.FieldsMatch);
        Assert.Equal(["", "NA"], trips.Schema.MissingValues);
        Assert.Equal(new TableName("public", "trips"), trips.Load.Table);
        Assert.Equal(new RejectLimits(10_000, null), trips.Rejects);
    }

    [Fact]
    public void Fills_in_defaults()
    {
        DatasetDefinition definition = DefinitionText.Read(DefinitionText.WithField("'name': 'a'"));

        Assert.Equal(DataFormat.Csv, definition.Format);
        Assert.Equal(FieldType.Any, definition.Schema.Fields[0].Type);
        Assert.Null(definition.Schema.FieldsMatch);
        Assert.Equal([""], definition.Schema.MissingValues);
        Assert.Equal(new TableName("public", DefinitionText.Dataset), definition.Load.Table);
        Assert.Equal(CommitPolicy.Job, definition.Load.Commit);
        Assert.True(definition.Load.Lineage);
        Assert.Equal(RejectLimits.None, definition.Rejects);
    }

    [Fact]
    public void Makes_fields_of_the_primary_key_required()
    {
        DatasetDefinition definition = DefinitionText.Read(
            "{ 'schema': { 'fields': [ { 'name': 'a' }, { 'name': 'b' } ], 'primaryKey': 'a' } }");

        Assert.Equal([true, false], definition.Schema.Fields.Select(f => f.Constraints.Required));
    }

    [Fact]
    public void Takes_metadata_and_both_forms_of_missing_values()
    {
        DatasetDefinition definition = DefinitionText.Read("""
            {
              'name': 'trips', 'path': 'a.csv', 'profile': 'tabular-data-resource', '$schema': 'https://example.com', 'type': 'table',
              'licenses': [ { 'name': 'MIT' } ], 'sources': [], 'homepage': 'https://example.com', 'transforms': [],
              'dialect': { 'doubleQuote': true, 'skipInitialSpace': false, 'lineTerminator': '\n', 'headerRows': [1] },
              'schema': {
                'fields': [ { 'name': 'a', 'example': 3, 'rdfType': 'x', 'format': 'default', 'missingValues': [ { 'value': '0' } ] } ],
                'fieldsMatch': ['subset'],
                'missingValues': [ '-', { 'value': '-99', 'label': 'not asked' } ],
                'foreignKeys': []
              }
            }
            """);

        Assert.Equal(["-", new("-99", "not asked")], definition.Schema.MissingValues);
        Assert.Equal(["0"], definition.Schema.Fields[0].MissingValues);
        Assert.Equal(FieldsMatch.Subset, definition.Schema.FieldsMatch);
    }

    [Fact]
    public void Reports_every_fault_at_once()
    {
        string[] faults = DefinitionText.Faults("""
            {
              'titel': 'x',
              'format': 'xml',
              'encoding': 'latin',
              'dialect': { 'delimiter': '', 'quoteChar': 'éé', 'property': 'rows' },
              'schema': {
                'fields': [
                  { 'name': 'a', 'type': 'integre', 'constraints': { 'minimum': {}, 'pattern': 'x' } },
                  { 'name': 'a', 'type': 'string', 'constraints': { 'minimum': 1 } },
                  7,
                  { 'name': 'b', 'type': 'number', 'sqlType': 'uuid', 'constraints': { 'minimum': 5, 'maximum': 4 } }
                ],
                'primaryKey': ['c']
              },
              'transforms': [ { 'op': 'trimm' } ],
              'load': { 'table': 'a.b.c', 'mode': 'upsert' },
              'rejects': { 'maxCount': -1, 'maxRatio': 2 }
            }
            """);

        Assert.Equal(
            [
                "/format: \"xml\" is not known here: use one of csv, ndjson, json, json-seq, parquet, arrow, xlsx. This version cannot read it: export the data as CSV"
                    + " or NDJSON.",
                $"/encoding: \"latin\" is not known here: use one of {TextEncoding.Names}.",
                "/dialect/property: Says where the records stand in one document: set format to \"json\" and send the document as "
                    + "application/json. As NDJSON send what jq -c '.rows[]' makes of it, and leave this out.",
                "/schema/fields/0/type: \"integre\" is not known here: use one of string, number, integer, boolean, date, time,"
                    + " datetime, object, array, list, year, yearmonth, duration, geopoint, geojson, any. Did you mean \"integer\"?",
                "/schema/fields/0/constraints/minimum: Must be a text, a number or a boolean.",
                "/schema/fields/2: Must be an object.",
                "/load/table: Must be a table, or a schema and a table with a dot between; names with dots in quotes.",
                "/load/mode: \"upsert\" is not known here: use one of append, replace. This version cannot do it: use append, or replace where each "
                    + "upload has all rows.",
                "/rejects/maxCount: Must be a whole number from 0 to 9223372036854775807.",
                "/transforms/0/op: \"trimm\" is not an op. Did you mean \"trim\"?",
                "/titel: \"titel\" is not a known property. Did you mean \"title\"?",
                "/dialect/delimiter: Must be a text of 1 to 64 bytes.",
                "/dialect/quoteChar: Must be one character, and no line end or tab.",
                "/schema/fields/1/constraints/minimum: Does not apply to fields of type string.",
                "/schema/fields/3/sqlType: A field of type number cannot be stored as uuid: use one of "
                    + FieldCapabilities.AllowedSqlTypes(new() { Name = "b", Type = FieldType.Number }) + ".",
                "/schema/fields/3/constraints/maximum: Is less than minimum: no value could pass.",
                "/schema/fields/1/name: \"a\" is already the name of field 0.",
                "/schema/primaryKey: \"c\" is not the name of a field. Did you mean \"a\"?",
                "/rejects/maxRatio: Must be from 0 to 1, or null for no limit.",
            ],
            faults);
    }

    [Theory]
    [InlineData("[]", ": Must be an object with a schema in it: { \"schema\": { \"fields\": [ … ] } }.")]
    [InlineData("{}", "/schema: Is missing: the fields must be declared.")]
    [InlineData("{ 'schema': 'schema.json' }", "/schema: Must be an object: put what the file holds in the place of its name.")]
    [InlineData("{ 'schema': {} }", "/schema/fields: Is missing: the fields must be declared.")]
    [InlineData("{ 'schema': { 'fields': [] } }", "/schema/fields: There must be 1 to 1598 fields.")]
    [InlineData("{ 'schema': { 'fields': {} , 'primaryKey': ['a'] } }", "/schema/fields: Must be an array.")]
    public void Refuses_a_definition_without_fields(string definition, string fault) =>
        Assert.Equal([fault], DefinitionText.Faults(definition));

    [Theory]
    [InlineData("'type': 'any'", "name: Is missing.")]
    [InlineData("'name': ''", "name: The name must not be empty.")]
    [InlineData("'name': 3", "name: Must be a text.")]
    [InlineData(@"'name': 'a\u0000b'", "name: Must not hold the NUL character: PostgreSQL cannot store it.")]
    [InlineData("'name': '_record'", "name: \"_record\" is a lineage column: use another name, or \"lineage\": false.")]
    [InlineData("'name': 'a', 'type': 'string', 'format': 'ipv4'",
        "format: \"ipv4\" is no format of type string: use one of default, email, uri, binary, uuid.")]
    [InlineData("'name': 'a', 'type': 'integer', 'format': 'any'", "format: \"any\" is no format of type integer: use default.")]
    [InlineData("'name': 'a', 'type': 'date', 'format': '%d/%m'", "format: The pattern has no year: %Y or %y.")]
    [InlineData("'name': 'a', 'type': 'date', 'format': 'fmt:%c'",
        "format: \"%c\" is no directive that can be read: use %Y %y %m %b %B %d %j %H %I %p %M %S %f %z %Z %a %A %F %T %R %D %e %h %%.")]
    [InlineData("'name': 'a', 'type': 'list', 'itemType': 'any'",
        "itemType: \"any\" is not known here: use one of string, number, integer, boolean, date, time, datetime.")]
    [InlineData("'name': 'a', 'type': 'list', 'delimiter': ''", "delimiter: Must not be empty.")]
    [InlineData("'name': 'a', 'type': 'array', 'delimiter': ';'", "delimiter: Belongs to fields of type list.")]
    [InlineData("'name': 'a', 'type': 'list', 'sqlType': 'bigint'",
        "sqlType: A field of type list cannot be stored as bigint: use one of text, text[], character varying[], uuid[], json[], jsonb[].")]
    [InlineData("'name': 'a', 'type': 'duration', 'sqlType': 'time'",
        "sqlType: A field of type duration cannot be stored as time without time zone: use one of text, interval.")]
    [InlineData("'name': 'a', 'type': 'string', 'format': 'email', 'sqlType': 'uuid'",
        "sqlType: A field of type string cannot be stored as uuid: use one of text, character varying.")]
    [InlineData("'name': 'a', 'type': 'date', 'format': '%d/%m/%Y', 'constraints': { 'minimum': '2020-01-02' }",
        "constraints/minimum: minimum \"2020-01-02\" is not a value of type date that fits date: it is written by the field's format, %d/%m/%Y.")]
    [InlineData("'name': 'a', 'type': 'string', 'decimalChar': ','", "decimalChar: Belongs to fields of type number.")]
    [InlineData("'name': 'a', 'type': 'number', 'decimalChar': ',', 'groupChar': ','", "groupChar: Must differ from decimalChar.")]
    [InlineData("'name': 'a', 'type': 'boolean', 'trueValues': ['1'], 'falseValues': ['1']",
        "falseValues: A text cannot mean both true and false.")]
    [InlineData("'name': 'a', 'type': 'number', 'sqlType': 'numeric(5,9)'",
        "sqlType: The precision of numeric goes from 1 to 1000, its scale from 0 to the precision.")]
    [InlineData("'name': 'a', 'type': 'string', 'constraints': { 'minLength': 3, 'maxLength': 2 }",
        "constraints/maxLength: Is less than minLength: no value could pass.")]
    [InlineData("'name': 'a', 'type': 'integer', 'constraints': { 'pattern': 'a' }",
        "constraints/pattern: Does not apply to fields of type integer.")]
    [InlineData("'name': 'a', 'type': 'date', 'constraints': { 'minimum': '2020-01-02', 'maximum': '2020-01-01' }",
        "constraints/maximum: Is less than minimum: no value could pass.")]
    [InlineData("'name': 'a', 'constraints': { 'enum': [] }", "constraints/enum: Must have at least one member.")]
    [InlineData("'name': 'a', 'constraints': { 'required': 'yes' }", "constraints/required: Must be true or false.")]
    [InlineData("'name': 'a', 'type': 'date', 'categories': ['2020-01-01']", "categories: Belongs to fields of type string and integer.")]
    [InlineData("'name': 'a', 'type': 'string', 'categories': []", "categories: Must have at least one value.")]
    [InlineData("'name': 'a', 'type': 'string', 'categories': ['x', { 'value': 'x' }]", "categories/1: \"x\" is there more than once.")]
    [InlineData("'name': 'a', 'type': 'integer', 'categories': [{ 'value': 0, 'label': 'x' }, { 'value': 1, 'label': 'x' }]",
        "categories/1: \"x\" is there more than once.")]
    [InlineData("'name': 'a', 'type': 'integer', 'categories': [{ 'label': 'x' }]", "categories/0/value: Is missing.")]
    [InlineData("'name': 'a', 'type': 'integer', 'categories': [1, 'two']",
        "categories/1: enum \"two\" is not a value of type integer that fits bigint.")]
    [InlineData("'name': 'a', 'type': 'string', 'categories': ['x'], 'constraints': { 'enum': ['x', 'y'] }",
        "constraints/enum/1: enum \"y\" is not among the categories.")]
    [InlineData("'name': 'a', 'type': 'string', 'categories': ['x'], 'categoriesOrdered': 1", "categoriesOrdered: Must be true or false.")]
    [InlineData("'name': 'a', 'missingValues': [7]", "missingValues/0: Must be a text.")]
    [InlineData("'name': 'a', 'missingValues': [{ 'label': 'x' }]", "missingValues/0/value: Is missing.")]
    [InlineData("'name': 'a', 'type': 'integer', 'constraints': { 'minimum': 5, 'exclusiveMaximum': 5 }",
        "constraints: minimum is equal to exclusiveMaximum.")]
    [InlineData("'name': 'a', 'Type': 'any'", "Type: \"Type\" is not a known property. Did you mean \"type\"?")]
    public void Refuses_a_wrong_field(string properties, string fault) =>
        Assert.Equal(["/schema/fields/0/" + fault], DefinitionText.Faults(DefinitionText.WithField(properties)));

    [Theory]
    [InlineData("'uniqueKeys': 'a'", "uniqueKeys: Must be an array.")]
    [InlineData("'uniqueKeys': [ 7 ]", "uniqueKeys/0: Must be a text or an array of texts.")]
    [InlineData("'uniqueKeys': [ [] ]", "uniqueKeys/0: Must name at least one field.")]
    [InlineData("'uniqueKeys': [ ['a'], ['a', 'bb'] ]", "uniqueKeys/1: \"bb\" is not the name of a field. Did you mean \"b\"?")]
    [InlineData("'primaryKey': ['a1','a2','a3','a4','a5','a6','a7','a8','a9','a10','a11','a12','a13','a14','a15','a16','a17','a18','a19','a20','a21',"
        + "'a22','a23','a24','a25','a26','a27','a28','a29','a30','a31','a32','a33']", "primaryKey: A key has at most 32 fields.")]
    [InlineData("'uniqueKeys': [ ['a', 'a'] ]", "uniqueKeys/0: \"a\" is listed more than once.")]
    [InlineData("'uniqueKeys': [ ['j'] ]", "uniqueKeys/0: \"j\" is of type json, which PostgreSQL cannot compare: use jsonb.")]
    [InlineData("'primaryKey': [ 'a', 7 ]", "primaryKey/1: Must be a text.")]
    [InlineData("'foreignKeys': {}", "foreignKeys: Must be an array.")]
    [InlineData("'foreignKeys': [ { 'fields': 'a' } ]",
        "foreignKeys/0/reference: Is missing: { \"resource\": …, \"fields\": [ … ] } says what the fields refer to.")]
    [InlineData("'foreignKeys': [ { 'reference': { 'resource': 'x', 'fields': 'id' } } ]",
        "foreignKeys/0/fields: Must name at least one field.")]
    [InlineData("'foreignKeys': [ { 'fields': 'a', 'reference': {} } ]",
        "foreignKeys/0/reference/fields: Must name at least one field.")]
    [InlineData("'foreignKeys': [ { 'fields': 'c', 'reference': { 'resource': 'x', 'fields': 'id' } } ]",
        "foreignKeys/0/fields: \"c\" is not the name of a field. Did you mean \"a\"?")]
    [InlineData("'foreignKeys': [ { 'fields': ['a', 'b'], 'reference': { 'resource': 'x', 'fields': 'id' } } ]",
        "foreignKeys/0/reference/fields: Must be as many as the fields that refer to them: 2, and not 1.")]
    [InlineData("'foreignKeys': [ { 'fields': 'a', 'reference': { 'resource': '', 'fields': 'x' } } ]",
        "foreignKeys/0/reference/fields: \"x\" is not the name of a field. Did you mean \"a\"?")]
    public void Refuses_a_wrong_key(string key, string fault) => Assert.Equal(
        ["/schema/" + fault],
        DefinitionText.Faults(
            $"{{ 'schema': {{ 'fields': [ {{ 'name': 'a' }}, {{ 'name': 'b' }}, {{ 'name': 'j', 'type': 'object', 'sqlType': 'json' }} ], {key} }} }}"));

    /// <summary>More than a table can have are not looked at, whatever is wrong with them.</summary>
    [Fact]
    public void Refuses_more_fields_than_there_may_be() => Assert.Equal(
        ["/schema/fields: There must be 1 to 1598 fields."],
        DefinitionText.Faults($"{{ 'schema': {{ 'fields': [ {string.Join(',', Enumerable.Repeat("{ 'type': 'x' }", 1_599))} ], 'primaryKey': 'a' }} }}"));

    /// <summary>Each is an index, or a lock on another table.</summary>
    [Theory]
    [InlineData("uniqueKeys", "'a'")]
    [InlineData("foreignKeys", "{ 'fields': 'a', 'reference': { 'resource': 'x', 'fields': 'id' } }")]
    public void Refuses_more_keys_than_there_may_be(string kind, string key) => Assert.Equal(
        [$"/schema/{kind}: There must be at most 100 of them."],
        DefinitionText.Faults($"{{ 'schema': {{ 'fields': [ {{ 'name': 'a' }} ], '{kind}': [ {string.Join(',', Enumerable.Repeat(key, 101))} ] }} }}"));

    [Fact]
    public void Refuses_to_compare_json() => Assert.Equal(
        ["/schema/fields/0/constraints/unique: \"a\" is of type json, which PostgreSQL cannot compare: use jsonb."],
        DefinitionText.Faults(DefinitionText.WithField(
            "'name': 'a', 'type': 'array', 'sqlType': 'json', 'constraints': { 'unique': true }")));

    [Fact]
    public void Takes_both_forms_of_keys()
    {
        TableSchema schema = DefinitionText.Read("""
            {
              'schema': {
                'fields': [ { 'name': 'a', 'constraints': { 'unique': 'true' } }, { 'name': 'b' } ],
                'primaryKey': 'b', 'uniqueKeys': [ 'a', ['a', 'b'] ],
                'foreignKeys': [
                  { 'fields': 'a', 'reference': { 'resource': '', 'fields': 'b' } },
                  { 'fields': ['a', 'b'], 'reference': { 'resource': 'x.y', 'fields': ['c', 'd'] } }
                ]
              }
            }
            """).Schema;

        Assert.True(schema.Fields[0].Constraints.Unique);
        Assert.Equal(["b"], schema.PrimaryKey);
        Assert.Equal([["a"], ["a", "b"]], schema.UniqueKeys);
        Assert.Equal((null, "x.y"), (schema.ForeignKeys[0].Resource, schema.ForeignKeys[1].Resource));
        Assert.Equal(["b"], schema.ForeignKeys[0].ReferenceFields);
        Assert.Equal(["c", "d"], schema.ForeignKeys[1].ReferenceFields);
    }

    [Fact]
    public void Lists_the_column_types_that_a_field_can_have() => Assert.Equal(
        ["/schema/fields/0/sqlType: \"date; x\" is not a column type that can be loaded. Use one of "
            + FieldCapabilities.AllowedSqlTypes(new() { Name = "a", Type = FieldType.Date }) + "."],
        DefinitionText.Faults(DefinitionText.WithField("'name': 'a', 'type': 'date', 'sqlType': 'date; x'")));

    [Theory]
    [InlineData("", RaggedRows.None)]
    [InlineData("'raggedRows': 'reject'", RaggedRows.None)]
    [InlineData("'raggedRows': 'pad'", RaggedRows.Pad)]
    [InlineData("'raggedRows': 'trim'", RaggedRows.Trim)]
    [InlineData("'raggedRows': 'padAndTrim'", RaggedRows.PadAndTrim)]
    public void Reads_what_becomes_of_ragged_rows(string dialect, RaggedRows ragged) => Assert.Equal(
        ragged,
        DefinitionText.Read($"{{ 'dialect': {{ {dialect} }}, 'schema': {{ 'fields': [ {{ 'name': 'a' }} ] }} }}").Dialect.RaggedRows);

    [Fact]
    public void Refuses_another_word_for_ragged_rows() => Assert.Equal(
        ["/dialect/raggedRows: \"padd\" is not known here: use one of reject, pad, trim, padAndTrim. Did you mean \"pad\"?"],
        DefinitionText.Faults("{ 'dialect': { 'raggedRows': 'padd' }, 'schema': { 'fields': [ { 'name': 'a' } ] } }"));

    [Theory]
    [InlineData("pipeline.jobs", "The schema \"pipeline\" belongs to the service or to PostgreSQL: use another.")]
    [InlineData("pg_temp.a", "The schema \"pg_temp\" belongs to the service or to PostgreSQL: use another.")]
    [InlineData("information_schema.a", "The schema \"information_schema\" belongs to the service or to PostgreSQL: use another.")]
    [InlineData("a.b.c", "Must be a table, or a schema and a table with a dot between; names with dots in quotes.")]
    [InlineData(".b", "Must be a table, or a schema and a table with a dot between; names with dots in quotes.")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "The table's name is longer than 63 bytes, and PostgreSQL would cut it.")]
    public void Refuses_a_table_that_cannot_be(string table, string fault) => Assert.Equal(
        ["/load/table: " + fault],
        DefinitionText.Faults($"{{ 'schema': {{ 'fields': [ {{ 'name': 'a' }} ] }}, 'load': {{ 'table': '{table}' }} }}"));

    [Theory]
    [InlineData("a week", "Must be a duration of weeks, or of days, hours, minutes and seconds")]
    [InlineData("P1M", "Years and months have no fixed length.")]
    [InlineData("PT59S", "Must be a minute (PT1M) to ten years (P3650D)")]
    [InlineData("P3651D", "Must be a minute (PT1M) to ten years (P3650D)")]
    public void Refuses_a_time_that_uploads_cannot_be_kept(string text, string fault)
    {
        string told = Assert.Single(DefinitionText.Faults(
            $"{{ 'schema': {{ 'fields': [ {{ 'name': 'a' }} ] }}, 'load': {{ 'keepUpload': '{text}' }} }}"));

        Assert.StartsWith("/load/keepUpload: ", told, StringComparison.Ordinal);
        Assert.Contains(fault, told, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("trips", "public", "trips")]
    [InlineData("Sales.Über fahrten", "Sales", "Über fahrten")]
    [InlineData("\"a.b\".\"c\"\"d\"", "a.b", "c\"d")]
    public void Reads_and_writes_table_names(string text, string schema, string name)
    {
        TableName? table = TableNameText.Parse(text);

        Assert.Equal(new TableName(schema, name), table);
        Assert.Equal(table, TableNameText.Parse(TableNameText.Format(table!)));
    }

    [Theory]
    [InlineData("INT", "integer")]
    [InlineData("int8", "bigint")]
    [InlineData("float8", "double precision")]
    [InlineData("double  precision", "double precision")]
    [InlineData("decimal(10)", "numeric(10,0)")]
    [InlineData("Decimal( 10 , 2 )", "numeric(10,2)")]
    [InlineData("timestamptz", "timestamp with time zone")]
    [InlineData("character varying(40)", "character varying(40)")]
    [InlineData("varchar", "character varying")]
    [InlineData("bool", "boolean")]
    [InlineData("timestamp(3)", "timestamp(3) without time zone")]
    [InlineData("timestamptz(0)", "timestamp(0) with time zone")]
    [InlineData("Timestamp ( 6 ) With  Time Zone", "timestamp(6) with time zone")]
    [InlineData("time(2) without time zone", "time(2) without time zone")]
    [InlineData("INTERVAL", "interval")]
    [InlineData("bytea", "bytea")]
    [InlineData("int[]", "integer[]")]
    [InlineData("double precision [3][]", "double precision[]")]
    [InlineData("timestamptz(3)[]", "timestamp(3) with time zone[]")]
    [InlineData("varchar(40)[]", "character varying(40)[]")]
    public void Reads_type_names_and_aliases(string text, string type) =>
        Assert.Equal(type, SqlTypeText.Parse(text).Type?.ToString());

    [Theory]
    [InlineData("varchar(0)")]
    [InlineData("varchar(1,2)")]
    [InlineData("numeric(0)")]
    [InlineData("numeric(99999999999999)")]
    [InlineData("int(4)")]
    [InlineData("timestamp(7)")]
    [InlineData("timestamp(1,2)")]
    [InlineData("text; drop table x")]
    [InlineData("mood -- x")]
    [InlineData("mood /* x */")]
    [InlineData("mood) ; drop table x")]
    [InlineData("mood default 'x'")]
    [InlineData("\"mood")]
    [InlineData("3d")]
    [InlineData("a..b")]
    [InlineData("mood(")]
    [InlineData("numeric(10")]
    [InlineData("numeric)10(")]
    [InlineData("numeric(1,2,3)x!")]
    [InlineData("numeric(+1)")]
    [InlineData("")]
    public void Refuses_what_is_no_type(string text) => Assert.Null(SqlTypeText.Parse(text).Type);

    [Theory]
    [InlineData("mood")]
    [InlineData("public.mood")]
    [InlineData(" sales . \"My \"\"type\"\"\" ")]
    [InlineData("char(3)")]
    [InlineData("bit varying(4)")]
    [InlineData("numeric(10,-2)")]
    [InlineData("mood[]")]
    [InlineData("bytea[]")]
    [InlineData("interval(3)")]
    [InlineData("interval day to second(2)")]
    [InlineData("geometry(Point,4326)")]
    [InlineData("größe")]
    public void Leaves_other_types_to_the_database(string text) =>
        Assert.Equal(SqlType.Other(text.Trim()), SqlTypeText.Parse(text).Type);
}
