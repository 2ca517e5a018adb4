using System.Text;
using PipelineService.Core.Datasets;
using PipelineService.Core.Jobs;
using PipelineService.Datasets.Definitions;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Datasets;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Transform;

/// <summary>What a schema does not declare, from the declaration to the column.</summary>
public sealed class RestRecordsTests(LoadingService service) : IClassFixture<LoadingService>
{
    [Theory]
    [InlineData("text/csv", "x,id,y\n1,2,\"a\"\"b\"\n3,4,\n", """{"x": "1", "y": "a\"b"}""", """{"x": "3", "y": ""}""")]
    [InlineData("text/csv", "id\n2\n4\n", "~", "~")]
    [InlineData("application/x-ndjson", "{\"x\":1.50,\"id\":2}\n{\"id\":4,\"extra\":[]}\n", """{"x": 1.50}""", """{"extra": []}""")]
    public async Task It_lands_in_its_column(string contentType, string data, string first, string second)
    {
        string dataset = $"rest_{contentType[^3..]}_{data.Length}";
        await service.Api.DeclareAsync(dataset, """{"schema":{"fields":[{"name":"id","type":"integer"}],"rest":"extra"}}""");

        JobView job = await service.LoadAsync(dataset, Encoding.UTF8.GetBytes(data), contentType);

        Assert.True(job.Error is null, job.Error?.Detail);
        Assert.Equal((JobState.Succeeded, new RecordsView(2, 2, 0, 0)), (job.State, job.Records));
        Assert.Equal(
            [$"2 {first}", $"4 {second}"],
            await service.RowsAsync($"SELECT id || ' ' || coalesce(extra::text, '~') FROM {dataset} ORDER BY id"));
    }

    [Fact]
    public async Task Whole_records_are_kept_where_nothing_is_declared()
    {
        await service.Api.DeclareAsync("rest_whole", """{"schema":{"fields":[],"rest":"record"}}""");

        JobView job = await service.LoadAsync("rest_whole", "{\"a\":{\"b\":[1,2.0]},\"c\":null}\n"u8.ToArray(), "application/x-ndjson");

        Assert.Equal(JobState.Succeeded, job.State);
        Assert.Equal(["""{"a": {"b": [1, 2.0]}, "c": null}"""], await service.RowsAsync("SELECT record::text FROM rest_whole"));
    }

    [Theory]
    [InlineData("'rest': 'a'", "/schema/rest: The field \"a\" takes a JSON object: its type must be object.")]
    [InlineData("'rest': 'o'", "/schema/rest: The field \"o\" is not looked for in the data: it has no source.")]
    [InlineData("'rest': 'xmin'", "/schema/rest: \"xmin\" is a system column of every table: use another name, and \"source\" for this one.")]
    [InlineData("'rest': 1", "/schema/rest: Must be a text.")]
    public void Refuses(string rest, string fault) => Assert.Equal([fault], DefinitionText.Faults(Definition(rest)));

    [Theory]
    [InlineData("'rest': 'p'", "a,o,p")]
    [InlineData("'rest': 'extra'", "a,o,p,extra")]
    [InlineData("'rest': null", "a,o,p")]
    public void It_is_added_to_the_fields_where_it_is_not_declared(string rest, string columns)
    {
        DatasetDefinition definition = DefinitionText.Read(Definition(rest));
        DatasetDefinition again = DefinitionText.Read(DefinitionWriter.Write(definition).Replace('"', '\''));

        Assert.Equal(columns, string.Join(',', definition.Columns.Select(column => column.Name)));
        Assert.Equal((definition.Schema.Rest, columns), (again.Schema.Rest, string.Join(',', again.Columns.Select(column => column.Name))));
    }

    private static string Definition(string rest) => $$"""
        { 'schema': { 'fields': [
            { 'name': 'a', 'type': 'string' }, { 'name': 'o', 'type': 'object', 'source': 'x' }, { 'name': 'p', 'type': 'object' } ],
          {{rest}} } }
        """;
}
