using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Datasets.Definitions;

namespace PipelineService.Tests.Datasets;

public sealed class DefinitionWriterTests
{
    [Theory]
    [InlineData("{ 'schema': { 'fields': [ { 'name': 'a' } ] } }")]
    [InlineData("""
        {
          'title': 't', 'description': 'd', 'format': 'ndjson', 'dialect': {
            'delimiter': '||', 'lineTerminator': ';\n', 'quoteChar': '', 'doubleQuote': false, 'escapeChar': '\\', 'skipInitialSpace': true,
            'nullSequence': '\\N', 'header': true, 'headerRows': [2, 3], 'headerJoin': '/', 'headerMatch': 'caseInsensitive',
            'commentRows': [1, 4], 'commentChar': '#', 'raggedRows': 'padAndTrim' },
          'schema': {
            'fields': [
              { 'name': 'n', 'type': 'number', 'title': 'N', 'description': 'x', 'source': 'N n', 'sqlType': 'decimal(9,3)',
                'decimalChar': ',', 'groupChar': ' ', 'bareNumber': false,
                'constraints': { 'minimum': -0.50, 'maximum': 1e3, 'exclusiveMinimum': '-1', 'exclusiveMaximum': 1000.5, 'enum': [1, '2', 3.10, 123456] } },
              { 'name': 's', 'type': 'string', 'sqlType': 'varchar(5)',
                'constraints': { 'required': true, 'minLength': 1, 'maxLength': 5, 'pattern': '[a-z]+', 'enum': ['a', 1, true] } },
              { 'name': 'c', 'type': 'integer', 'categories': [ { 'value': 0, 'label': 'no' }, 1, '2' ], 'categoriesOrdered': true,
                'missingValues': [ '-', { 'value': '-99', 'label': 'refused' } ] },
              { 'name': 'cat', 'type': 'string', 'categories': ['a', 1], 'categoriesOrdered': false, 'missingValues': [] },
              { 'name': 'b', 'type': 'boolean', 'trueValues': ['y'], 'falseValues': ['n', 'no'] },
              { 'name': 'd', 'type': 'date', 'constraints': { 'unique': true, 'minimum': '2020-01-01' } },
              { 'name': 'o', 'type': 'object', 'sqlType': 'json', 'constraints': { 'jsonSchema': { 'properties': { 'é': { 'type': 'integer', 'maximum': 1e2 } } } } },
              { 'name': 't', 'type': 'datetime', 'sqlType': 'timestamp(3)' },
              { 'name': 'x', 'type': 'number', 'sqlType': 'sales.\"Great mood\"[]' },
              { 'name': 'e', 'type': 'string', 'format': 'email' }, { 'name': 'u', 'type': 'string', 'format': 'uuid' },
              { 'name': 'v', 'type': 'string', 'format': 'binary', 'sqlType': 'text' },
              { 'name': 'f', 'type': 'date', 'format': 'fmt:%d/%m/%Y', 'constraints': { 'maximum': '31/12/2024' } },
              { 'name': 'l', 'type': 'list', 'delimiter': ';', 'itemType': 'integer', 'sqlType': 'int[]' }, { 'name': 'm', 'type': 'list' },
              { 'name': 'y', 'type': 'year', 'constraints': { 'minimum': 2000, 'enum': [2001, '0476'] } },
              { 'name': 'z', 'type': 'duration', 'constraints': { 'maximum': 'P1Y' } },
              { 'name': 'g', 'type': 'geopoint', 'format': 'array' }, { 'name': 'j', 'type': 'geojson', 'format': 'topojson' },
              { 'name': 'k', 'type': 'string', 'sqlType': 'interval' }, { 'name': 'q', 'type': 'array', 'sqlType': 'text[][3]' }
            ],
            'fieldsMatch': 'superset', 'missingValues': [], 'primaryKey': ['s', 'd'], 'uniqueKeys': [ ['n'], ['n', 'd'] ],
            'foreignKeys': [ { 'fields': 's', 'reference': { 'fields': ['cat'] } },
              { 'fields': ['s', 'd'], 'reference': { 'resource': 'other', 'fields': ['a', 'b'] } } ]
          },
          'load': { 'table': 'sales.trips', 'commit': 'chunk', 'lineage': false, 'keepUpload': 'P7D' },
          'rejects': { 'maxCount': 5, 'maxRatio': 0.1 }
        }
        """)]
    [InlineData("""
        {
          'schema': { 'fields': [ { 'name': 'a' }, { 'name': 'b', 'type': 'string' } ] },
          'transforms': [
            { 'op': 'trim', 'fields': ['*'] }, { 'op': 'TRIM', 'name': 'dashes', 'fields': ['a', 'b'], 'characters': '- é' },
            { 'op': 'collapse_whitespace', 'fields': ['a'] }, { 'op': 'lower', 'fields': ['a'] }, { 'op': 'upper', 'fields': ['b*'] },
            { 'op': 'truncate', 'fields': ['a'], 'length': 3 },
            { 'op': 'pad', 'fields': ['a'], 'length': 3, 'side': 'end', 'character': '😀' },
            { 'op': 'replace', 'fields': ['a'], 'text': '\\u0001', 'with': '' },
            { 'op': 'replace', 'fields': ['a'], 'pattern': '[a-z]', 'with': '$1' },
            { 'op': 'map', 'fields': ['a'], 'table': { 'z': 'y', 'A': '', '': 'x', 'n': 1.50, 't': true }, 'else': 'reject' },
            { 'op': 'null_if', 'fields': ['a'], 'values': ['-', -1, false] }, { 'op': 'default', 'fields': ['a'], 'value': 0.10 },
            { 'op': 'split', 'field': 'a', 'separator': ' ', 'into': [
                'first', { 'name': 'amount', 'type': 'number', 'sqlType': 'decimal(9,3)' }, 'b' ] },
            { 'op': 'concat', 'fields': ['first', 'b'], 'field': 'both', 'type': 'any', 'sqlType': 'public.mood' },
            { 'op': 'concat', 'fields': ['a'], 'separator': ', ', 'field': 'amount' },
            { 'op': 'hash', 'fields': ['a'], 'algorithm': 'sha256', 'saltFrom': 'SALT', 'pii': true },
            { 'op': 'hash', 'fields': ['a'], 'secret': 'KEY' },
            { 'op': 'mask', 'fields': ['a'], 'keepFirst': 1, 'keepLast': 2 }, { 'op': 'redact', 'fields': ['a'], 'with': '-' },
            { 'op': 'redact', 'fields': ['a'] }
          ]
        }
        """)]
    [InlineData("""
        {
          'format': 'ndjson', 'dialect': { 'itemType': 'Array', 'itemKeys': ['b', 'a'], 'raggedRows': 'pad' },
          'schema': { 'fields': [ { 'name': 'a' }, { 'name': 'b' } ] }
        }
        """)]
    [InlineData("{ 'format': 'ndjson', 'dialect': { 'itemType': 'object', 'itemKeys': ['a'] }, 'schema': { 'fields': [ { 'name': 'a' } ] } }")]
    public void What_was_written_reads_as_the_same(string text)
    {
        DatasetDefinition definition = DefinitionText.Read(text);

        string written = DefinitionWriter.Write(definition);
        using var json = JsonDocument.Parse(written);
        DatasetDefinition? read = DefinitionReader.Read(json.RootElement, "another", out IReadOnlyDictionary<string, string[]> errors);

        Assert.Empty(errors);
        Assert.Equivalent(definition, read, strict: true);
        Assert.Equal(written, DefinitionWriter.Write(read!));
    }

    [Fact]
    public void Every_default_is_filled_in()
    {
        string written = DefinitionWriter.Write(DefinitionText.Read("{ 'schema': { 'fields': [ { 'name': 'a', 'type': 'integer' } ] } }"));

        Assert.Equal(
            """
            {"format":"csv","encoding":"utf-8","dialect":{"delimiter":",","quoteChar":"\"","doubleQuote":true,"skipInitialSpace":false,"header":true,"headerRows":[1],"headerJoin":" ","headerMatch":"exact","raggedRows":"reject"},"schema":{"fields":[{"name":"a","type":"integer","sqlType":"bigint","constraints":{"required":false},"bareNumber":true}],"missingValues":[""],"primaryKey":[]},"load":{"table":"public.trips","mode":"append","commit":"job","lineage":true},"rejects":{"maxCount":null,"maxRatio":null}}
            """,
            written);
    }
}
