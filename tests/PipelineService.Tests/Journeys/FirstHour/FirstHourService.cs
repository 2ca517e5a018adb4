using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Journeys.FirstHour;

/// <summary>One service for all mistakes, with the datasets that they are made with. None of them leaves anything.</summary>
public sealed class FirstHourService(PostgresServer server) : RunningService(server)
{
    public const string Readings = "readings";
    public const string Bare = "bare";
    public const string Events = "events";
    public const string People = "people";

    private const string Fields = """
        { 'name': 'sensor', 'type': 'string', 'constraints': { 'required': true } }, { 'name': 'taken_at', 'type': 'datetime' },
        { 'name': 'celsius', 'type': 'number', 'sqlType': 'numeric(5,2)', 'constraints': { 'minimum': -90, 'maximum': 60 } }
        """;

    protected override async Task PrepareAsync()
    {
        await Api.DeclareAsync(Readings, $"{{ 'schema': {{ 'fields': [ {Fields} ] }} }}");
        await Api.DeclareAsync(Bare, $"{{ 'dialect': {{ 'header': false }}, 'schema': {{ 'fields': [ {Fields} ] }} }}");
        await Api.DeclareAsync(Events, $"{{ 'format': 'ndjson', 'schema': {{ 'fields': [ {Fields} ] }} }}");
        await Api.DeclareAsync(People, """
            { 'schema': { 'fields': [ { 'name': 'id', 'type': 'integer' }, { 'name': 'phone', 'type': 'string' } ] } }
            """);
    }
}
