using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Datasets.Definitions;
using PipelineService.Datasets.Lookups;

namespace PipelineService.Tests.Datasets;

/// <summary>
/// Resources in the shapes that real data packages have, of every version of the standard: each can be PUT as it is, to the address that
/// its name says. Source: https://datapackage.org/standard/data-resource/.
/// </summary>
public sealed class DataResourceTests
{
    /// <summary>Written by hand before there was a version 1: addresses, words of their own, no types that are not needed.</summary>
    private const string Handwritten = """
        {
          "name": "harbour-codes", "title": "Harbours", "format": "CSV", "url": "https://example.org/harbours.csv", "path": "data/harbours.csv",
          "last_modified": "2017-01-16", "datapackage_version": "1.0.0-beta.13",
          "licenses": [ { "type": "ODC-PDDL-1.0", "url": "https://example.org/pddl" } ],
          "sources": [ { "name": "Harbour office", "web": "https://example.org" } ],
          "schema": { "fields": [ { "name": "code" }, { "name": "Harbour name", "description": "as painted" } ], "primaryKey": "code" }
        }
        """;

    /// <summary>Written by tools: every property there is, whatever it says.</summary>
    private const string Generated = """
        {
          "profile": "tabular-data-resource", "name": "tides_2024", "path": "data/tides.csv", "format": "csv", "mediatype": "text/csv",
          "encoding": "UTF-8", "bytes": 8268267, "hash": "c88b8f5bd61ebbd2147dafe0e0180883", "count_of_rows": 81040, "dpp:streaming": true,
          "dialect": {
            "caseSensitiveHeader": false, "csvddfVersion": 1.0, "delimiter": ";", "doubleQuote": true, "header": true,
            "lineTerminator": "\r\n", "quoteChar": "\"", "skipInitialSpace": false
          },
          "schema": {
            "fields": [
              { "name": "station", "type": "string", "format": "default", "title": "" },
              { "name": "height", "type": "number", "format": "default", "decimalChar": ".", "groupChar": "", "unit": "m",
                "constraints": { "required": true, "minimum": "-20", "maximum": "20.5" } },
              { "name": "at", "type": "datetime", "format": "default", "rdfType": "https://schema.org/DateTime" }
            ],
            "missingValues": [""]
          }
        }
        """;

    /// <summary>Of version 2.</summary>
    private const string Current = """
        {
          "$schema": "https://datapackage.org/profiles/2.0/dataresource.json", "name": "Survey.2024", "type": "table",
          "path": ["part1.csv", "part2.csv"], "encoding": "utf-8", "homepage": null, "x-owner": { "team": 7 },
          "sources": [ { "title": "Panel", "path": "https://example.org", "version": "2" } ],
          "licenses": [ { "name": "CC0-1.0" } ],
          "dialect": { "$schema": "https://datapackage.org/profiles/2.0/tabledialect.json", "header": true },
          "schema": {
            "$schema": "https://datapackage.org/profiles/2.0/tableschema.json", "fieldsMatch": ["partial"],
            "fields": [
              { "name": "age", "type": "integer", "example": 33, "missingValues": [ { "value": "-99", "label": "REFUSED" } ],
                "constraints": { "exclusiveMinimum": 0, "required": "true" } },
              { "name": "answer", "type": "integer", "categoriesOrdered": true,
                "categories": [ { "value": 1, "label": "no" }, { "value": 2 }, { "value": 3, "label": "yes" } ] },
              { "name": "mood", "type": "string", "categories": ["good", "bad"], "constraints": { "enum": ["good"], "maxLength": "4" } }
            ],
            "missingValues": [ { "value": "", "label": "OMITTED" }, { "value": "-98", "label": "NOT KNOWN" } ]
          }
        }
        """;

    [Theory]
    [InlineData(Handwritten, "harbour_codes", "/last_modified", "/datapackage_version")]
    [InlineData(Generated, "tides_2024", "/schema/fields/1/unit", "/count_of_rows")]
    [InlineData(Current, "survey_2024")]
    public void A_resource_of_a_data_package_is_taken_as_it_is(string resource, string dataset, params string[] warned)
    {
        Declaration read = Read(resource, dataset, out IReadOnlyDictionary<string, string[]> errors);

        Assert.Empty(errors);
        Assert.NotNull(read.Definition);
        Assert.Equal(warned, read.Warnings.Keys);
        Assert.All(read.Warnings.Values, said => Assert.EndsWith("it is passed over and not kept.", Assert.Single(said), StringComparison.Ordinal));
    }

    [Fact]
    public void What_it_says_about_its_data_is_kept()
    {
        DatasetDefinition tides = Read(Generated, "tides_2024", out _).Definition!;
        Assert.Equal(";", tides.Dialect.Delimiter);
        Assert.Equal((".", null), (tides.Schema.Fields[1].DecimalChar, tides.Schema.Fields[1].GroupChar));
        Assert.Equal(new FieldConstraints { Required = true, Minimum = "-20", Maximum = "20.5" }, tides.Schema.Fields[1].Constraints);

        TableSchema survey = Read(Current, "survey_2024", out _).Definition!.Schema;
        Assert.Equal(FieldsMatch.Partial, survey.FieldsMatch);
        Assert.Equal([new("", "OMITTED"), new("-98", "NOT KNOWN")], survey.MissingValues);
        Assert.Equal([new("-99", "REFUSED")], survey.MissingValuesOf(survey.Fields[0]));
        Assert.Equal(survey.MissingValues, survey.MissingValuesOf(survey.Fields[1]));
        Assert.Equal([new("1", "no"), "2", new("3", "yes")], survey.Fields[1].Categories);
        Assert.True(survey.Fields[0].Constraints.Required);
        Assert.Equal(["good"], survey.Fields[2].Members);
        Assert.Equal(4, survey.Fields[2].Constraints.MaxLength);
    }

    /// <summary>The answer has labels as they were sent, and values without any as they are.</summary>
    [Fact]
    public void What_is_kept_is_told()
    {
        DefinitionDocument told = DefinitionWriter.ToDocument(Read(Current, "survey_2024", out _).Definition!);

        Assert.Equal("""{"value":"-98","label":"NOT KNOWN"}""", told.Schema.MissingValues![1].GetRawText());
        Assert.Equal("""{"value":2}""", told.Schema.Fields[1].Categories![1].GetRawText());
        Assert.Equal("\"good\"", told.Schema.Fields[2].Categories![0].GetRawText());
        Assert.Equal(((bool?)true, null), (told.Schema.Fields[1].CategoriesOrdered, told.Schema.Fields[2].CategoriesOrdered));
    }

    [Theory]
    [InlineData("'formt': 'csv'", "/formt", "Did you mean \"format\"?")]
    [InlineData("'delimiter': ';'", "/delimiter", "Did you mean \"dialect.delimiter\"?")]
    [InlineData("'load': { 'colour': 1 }", "/load/colour", "not a known property.")]
    [InlineData("'rejects': { 'colour': 1 }", "/rejects/colour", "not a known property.")]
    public void What_looks_like_a_typo_or_stands_in_the_wrong_place_is_refused(string property, string pointer, string said)
    {
        _ = Read($"{{ {property}, 'schema': {{ 'fields': [ {{ 'name': 'a' }} ] }} }}", "trips", out IReadOnlyDictionary<string, string[]> errors);

        Assert.EndsWith(said, Assert.Single(errors[pointer]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("'constraints': { 'colour': 1 }", "/schema/fields/0/constraints/colour")]
    [InlineData("'constraints': { 'x-colour': 1 }", "/schema/fields/0/constraints/x-colour")]
    public void A_constraint_that_nobody_would_keep_is_refused(string property, string pointer)
    {
        _ = Read(DefinitionText.WithField($"'name': 'a', {property}"), "trips", out IReadOnlyDictionary<string, string[]> errors);

        Assert.Equal([pointer], errors.Keys);
    }

    [Fact]
    public void Data_within_is_not_loaded_and_that_is_said()
    {
        Declaration read = Read(
            "{ 'data': [ { 'a': 1 } ], 'schema': { 'fields': [ { 'name': 'a' } ] } }", "trips", out IReadOnlyDictionary<string, string[]> errors);

        Assert.Empty(errors);
        Assert.Equal(["The data is not loaded from here: send it as an upload."], read.Warnings["/data"]);
    }

    [Theory]
    [InlineData("harbours-eu", "harbours_eu", true)]
    [InlineData("Harbours.EU", "harbours_eu", true)]
    [InlineData("2024 harbours", "harbours", true)] // no dataset can be called so
    [InlineData("harbours-eu", "harbours", false)]
    public void The_name_of_a_resource_is_that_of_the_dataset_which_is_most_like_it(string name, string dataset, bool isTaken)
    {
        _ = Read($"{{ 'name': '{name}', 'schema': {{ 'fields': [ {{ 'name': 'a' }} ] }} }}", dataset, out IReadOnlyDictionary<string, string[]> errors);

        Assert.Equal(isTaken ? [] : ["/name"], errors.Keys);
    }

    [Fact]
    public void Values_with_tabs_between_are_delimited_text()
    {
        const string Fields = "'schema': { 'fields': [ { 'name': 'a' } ] }";
        DatasetDefinition plain = DefinitionText.Read($"{{ 'format': 'TSV', {Fields} }}");
        DatasetDefinition marked = DefinitionText.Read($"{{ 'format': 'tsv', 'dialect': {{ 'delimiter': '|' }}, {Fields} }}");

        Assert.Equal((DataFormat.Csv, "\t", "|"), (plain.Format, plain.Dialect.Delimiter, marked.Dialect.Delimiter));
    }

    [Theory]
    [InlineData("'format': 'csv', 'dialect': { 'header': false }", "exact", true)]
    [InlineData("'format': 'csv', 'dialect': { 'header': false }", "equal", false)]
    [InlineData("'dialect': { 'header': false }", "subset", false)]
    [InlineData("'dialect': { 'header': false }", "superset", false)]
    [InlineData("'dialect': { 'header': false }", "partial", false)]
    [InlineData("'format': 'ndjson', 'dialect': { 'header': false }", "partial", true)]
    [InlineData("'format': 'csv'", "partial", true)]
    public void Fields_are_matched_by_names_only_where_there_are_any(string form, string match, bool isTaken)
    {
        Assert.All([$"'{match}'", $"['{match}']"], written =>
        {
            _ = Read(
                $"{{ {form}, 'schema': {{ 'fields': [ {{ 'name': 'a' }} ], 'fieldsMatch': {written} }} }}", "trips",
                out IReadOnlyDictionary<string, string[]> errors);

            Assert.Equal(isTaken ? [] : ["/schema/fieldsMatch"], errors.Keys);
        });
    }

    /// <summary>Each constraint with each type to which the standard does not apply it.</summary>
    [Fact]
    public void A_constraint_that_does_not_apply_is_refused_where_it_stands()
    {
        string[] ordered = ["number", "integer", "date", "time", "datetime", "year", "yearmonth", "duration"];
        string[] collections = ["string", "object", "array", "list", "geojson"];
        (string Name, string Value, string[] Types)[] constraints =
        [
            ("minimum", "'1'", ordered), ("maximum", "'1'", ordered),
            ("exclusiveMinimum", "'1'", ordered), ("exclusiveMaximum", "'1'", ordered),
            ("minLength", "1", collections), ("maxLength", "1", collections),
            ("pattern", "'.'", ["string"]),
            ("jsonSchema", "{}", ["object", "array"]),
        ];
        Assert.All(
            from type in DefinitionWords.FieldTypes from constraint in constraints where !constraint.Types.Contains(type.Word) select (type.Word, constraint),
            pair => Assert.Equal(
                [$"/schema/fields/0/constraints/{pair.constraint.Name}: Does not apply to fields of type {pair.Word}."],
                DefinitionText.Faults(DefinitionText.WithField(
                    $"'name': 'a', 'type': '{pair.Word}', 'constraints': {{ '{pair.constraint.Name}': {pair.constraint.Value} }}"))));
    }

    [Fact]
    public void Faults_of_a_JSON_schema_are_told_in_the_definition()
    {
        Assert.Equal(
            [
                "/schema/fields/0/constraints/jsonSchema/properties/a/type: Must be of null, boolean, object, array, number, string and integer.",
                "/schema/fields/0/constraints/jsonSchema/items/$ref: Must begin with \"#\": references stay within the schema, and nothing is fetched.",
            ],
            DefinitionText.Faults(DefinitionText.WithField(
                "'name': 'a', 'type': 'object', 'constraints': { 'jsonSchema': { 'properties': { 'a': { 'type': 'int' } }, 'items': { '$ref': 'x' } } }")));
        Assert.Equal(
            ["/schema/fields/0/constraints/jsonSchema: Must be an object of at most 65536 bytes: a JSON Schema."],
            DefinitionText.Faults(DefinitionText.WithField("'name': 'a', 'type': 'object', 'constraints': { 'jsonSchema': true }")));
        Assert.Equal(
            ["/schema/fields/0/constraints/jsonSchema: Must be an object of at most 65536 bytes: a JSON Schema."],
            DefinitionText.Faults(DefinitionText.WithField(
                $"'name': 'a', 'type': 'object', 'constraints': {{ 'jsonSchema': {{ 'title': '{new string('x', 65_536)}' }} }}")));
    }

    [Fact]
    public void Words_that_JSON_Schema_does_not_have_are_warned_of()
    {
        Declaration read = Read(
            DefinitionText.WithField("'name': 'a', 'type': 'object', 'constraints': { 'jsonSchema': { 'requried': ['b'] } }"), "trips", out _);

        Assert.Equal(
            ["\"requried\" is no word of JSON Schema: it is passed over. Did you mean \"required\"?"],
            read.Warnings["/schema/fields/0/constraints/jsonSchema/requried"]);
    }

    [Fact]
    public void Members_of_an_enum_may_be_written_in_the_types_own_JSON() => Assert.Equal(
        ["""{"a":1}""", """{"a": 2}"""],
        DefinitionText.Read(DefinitionText.WithField(
            "'name': 'a', 'type': 'object', 'constraints': { 'enum': [ {'a':1}, {'a': 2} ] }")).Schema.Fields[0].Constraints.Enum);

    private static Declaration Read(string body, string dataset, out IReadOnlyDictionary<string, string[]> errors)
    {
        using var json = JsonDocument.Parse(body.Contains('"', StringComparison.Ordinal) ? body : body.Replace('\'', '"'));
        return DefinitionEnvelope.Read(json.RootElement, dataset, LookupSources.None, out errors);
    }
}
