using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Sources.Queues;

/// <summary>A service that reads queues, and takes no upload of more than 4 kB.</summary>
public abstract class QueueService(PostgresServer server) : LoadingService(server)
{
    public const int BodyBytesMax = 4096;

    /// <summary>How the configuration calls the broker.</summary>
    protected abstract string BrokerName { get; }

    protected abstract Uri BrokerAddress { get; }

    protected override IEnumerable<(string Key, string? Value)> Settings =>
    [
        .. base.Settings, ($"Sources:Brokers:{BrokerName}:Address", BrokerAddress.ToString()),
        ($"Sources:Brokers:{BrokerName}:Timeout", "00:00:05"), ("Sources:PollInterval", "00:00:00.1"),
        ("Intake:BodyBytesMax", $"{BodyBytesMax}"),
    ];

    public static string MessageOf(int id) => FormattableString.Invariant($$"""{"id":{{id}},"name":"name {{id}}","amount":{{id}}.5}""");

    public static string[] MessagesOf(int first, int count) => [.. Enumerable.Range(first, count).Select(MessageOf)];

    /// <summary>Declares a dataset of readings and a source for it, both of one name, of the stream of that name or another.</summary>
    /// <param name="queue">More members of the queue.</param>
    /// <param name="rest">More members of the source, starting with a comma.</param>
    public async Task ReadAsync(string name, string queue = "'wait': 'PT0S'", string rest = "", string? stream = null)
    {
        await Api.DeclareAsync(name, Readings.Definition());
        ApiAnswer answer = await PutAsync(
            name, $"{{ 'dataset': '{name}', 'queue': {{ 'broker': '{BrokerName}', 'stream': '{stream ?? name}', {queue} }}{rest} }}");
        Assert.True(answer.Status == HttpStatusCode.Created, answer.Body);
    }

    public async Task<ApiAnswer> PutAsync(string name, string json)
    {
        using StringContent body = new(json.Replace('\'', '"'), Encoding.UTF8, "application/json");
        return await Api.PutAsync($"/v1/sources/{name}", body);
    }

    public async Task<JsonNode> SourceAsync(string name) => JsonNode.Parse((await Api.GetAsync($"/v1/sources/{name}")).Body)!;

    public async Task<JsonArray> ObjectsAsync(string name) =>
        JsonNode.Parse((await Api.GetAsync($"/v1/sources/{name}/objects")).Body)!["items"]!.AsArray();

    /// <summary>It was taken up to a message, and what was is loaded.</summary>
    public async Task WhenAtAsync(string name, long position)
    {
        await BoundedWait.UntilAsync($"{name} to be at {position}", async () =>
            await Database.ScalarAsync<bool>($"SELECT coalesce(position = {position}, false) FROM pipeline.sources WHERE name = '{name}'"));
        await BoundedWait.UntilAsync("the jobs to end", async () =>
            await Database.ScalarAsync<long>($"SELECT count(*) FROM pipeline.jobs WHERE dataset = '{name}' AND finished_at IS NULL") == 0);
    }

    /// <summary>It has said that nothing waits.</summary>
    public Task WhenNothingWaitsAsync(string name) => BoundedWait.UntilAsync(
        $"nothing to wait in {name}", async () => (long?)(await SourceAsync(name))["lag"]!["objects"] == 0);

    public async Task FailsAsync(string name, string reason) => await BoundedWait.UntilAsync($"it to fail: {reason}", async () =>
        (await SourceAsync(name))["error"] is { } error && ((string)error["detail"]!).Contains(reason, StringComparison.Ordinal));

    /// <summary>All records are there, each once.</summary>
    public async Task AssertHasAsync(string name, int records)
    {
        Assert.Equal(records, await CountRowsAsync(name));
        Assert.Equal(records, await Database.ScalarAsync<long>($"SELECT count(DISTINCT id) FROM {name}"));
    }
}
