using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using PipelineService.Tests.Infrastructure;
using PipelineService.Tests.Repository;

namespace PipelineService.Tests.Sources.Buckets;

/// <summary>Objects of a part of a bucket become uploads, each state of each once.</summary>
public sealed class BucketSourceTests(BucketSourceTests.Stand stand) : IClassFixture<BucketSourceTests.Stand>
{
    private const int BodyBytesMax = 4096;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private StubStore Store => stand.Store;

    [Fact]
    public async Task Each_object_is_an_upload_and_is_taken_again_when_it_is_another()
    {
        const int Objects = 10;
        for (int i = 0; i < Objects; i++)
        {
            Store.Put($"kept/{i}/ä +%2F.csv", Readings.Header + Readings.CsvRows(i * 2, 2));
        }

        Store.Put("kept/folder/", "");
        Store.Put("kept/note.txt", "no data");
        await stand.WatchAsync("kept", "'pattern': '*.csv'");
        await stand.WhenTakenAsync("kept", Objects);
        Assert.Equal(2 * Objects, await stand.CountRowsAsync("kept"));

        Store.Put("kept/3/ä +%2F.csv", Readings.Header + Readings.CsvRows(1000, 5));
        await stand.WhenTakenAsync("kept", Objects + 1);

        Assert.Equal((2 * Objects) + 5, await stand.CountRowsAsync("kept"));
        Assert.Equal(Objects + 2, Store.Keys.Count(key => key.StartsWith("kept/", StringComparison.Ordinal)));
        Assert.Equal(Objects + 1, Store.Calls.Count(call => call.StartsWith("GET kept/", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task What_was_taken_is_moved_and_what_cannot_be_too()
    {
        Store.Put("moved/a/b.csv", Readings.Csv(2));
        Store.Put("moved/huge.csv", Readings.Csv(1) + new string(' ', BodyBytesMax));
        await stand.WatchAsync("moved", "'after': 'move'");

        await stand.WhenTakenAsync("moved", 2);

        Assert.Equal(["moved/done/a/b.csv", "moved/failed/huge.csv"], Store.Keys.Where(key => key.StartsWith("moved/", StringComparison.Ordinal)));
        JsonNode source = await stand.SourceAsync("moved");
        Assert.Equal((1, 1), ((int)source["taken"]!, (int)source["refused"]!));
        Assert.Equal(2, await stand.CountRowsAsync("moved"));
    }

    /// <summary>Somebody puts another in its place before it is deleted: that is taken, too, and then deleted.</summary>
    [Fact]
    public async Task What_is_deleted_is_what_was_taken()
    {
        Store.Put("deleted/a.csv", Readings.Csv(1));
        int sent = 0;
        Store.Sending = (key, _) =>
        {
            if (key == "deleted/a.csv" && Interlocked.Increment(ref sent) == 2)
            {
                Store.Put(key, Readings.Csv(7)); // between the look and the answer: it is no longer what was listed
            }

            return Task.CompletedTask;
        };
        await stand.WatchAsync("deleted", "'after': 'delete'");
        await stand.WhenTakenAsync("deleted", 1);
        Store.Put("deleted/a.csv", Readings.Csv(3));

        await stand.WhenTakenAsync("deleted", 2);

        Assert.Equal(1 + 7, await stand.CountRowsAsync("deleted"));
        Assert.DoesNotContain(Store.Keys, key => key.StartsWith("deleted/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_store_that_fails_is_left_alone_and_loses_nothing()
    {
        await stand.WatchAsync("failing");
        Store.Put("failing/a.csv", Readings.Csv(2));
        Store.Failing = HttpStatusCode.ServiceUnavailable;
        await stand.FailsAsync("failing", "SlowDown: Please reduce your request rate.");
        Store.Failing = null;

        // A listing that is none, with what would open a file of the service if anybody read it.
        Store.Listing = "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><ListBucketResult>&e;</ListBucketResult>";
        await stand.FailsAsync("failing", "cannot be read");
        Store.Listing = "<html><body>Welcome</body></html>";
        await stand.FailsAsync("failing", "no listing");

        // An object that breaks off is no bad object. It does so before it is listed: nothing is taken in between.
        Store.Sending = async (key, context) =>
        {
            if (key == "failing/a.csv")
            {
                context.Response.ContentLength = Readings.Csv(2).Length;
                await context.Response.WriteAsync("id,na", Token);
                await context.Response.Body.FlushAsync(Token);
                context.Abort();
            }
        };
        Store.Listing = null;
        await stand.FailsAsync("failing", "cannot be re"); // read, or reached where the end has overtaken the beginning
        Store.Sending = null;

        await stand.WhenTakenAsync("failing", 1);

        Assert.Equal(2, await stand.CountRowsAsync("failing"));
        Assert.Equal(0, (int)(await stand.SourceAsync("failing"))["refused"]!);
    }

    [Fact]
    public async Task All_faults_of_a_declaration_are_told_at_once()
    {
        ApiAnswer answer = await stand.PutAsync("faulty", """
            { 'dataset': 'nowhere', 'bucket': { 'store': 'http://169.254.169.254/', 'bucket': '../etc', 'prefix': '/a', 'endpoint': 'http://127.0.0.1', 'after': 'burn' } }
            """);

        Assert.Equal(
            ["/bucket/after", "/bucket/bucket", "/bucket/endpoint", "/bucket/prefix", "/bucket/store", "/dataset"],
            answer.Problem.Errors!.Keys.Order(StringComparer.Ordinal));
        Assert.Contains("/bucket/bucket", (await stand.PutAsync("faulty", "{ 'dataset': 'nowhere', 'bucket': { 'store': 'stub', 'bucket': 'secrets' } }")).Problem.Errors!.Keys);
        Assert.Contains("/folder", (await stand.PutAsync("faulty", "{ 'bucket': { 'store': 'stub', 'bucket': 'incoming' }, 'folder': { 'root': 'x' } }")).Problem.Errors!.Keys);
    }

    [Fact]
    public async Task The_page_shows_what_works()
    {
        string section = MarkdownText.Section(RepositoryFiles.Read("docs", "sources.md"), "A bucket");
        await stand.Api.DeclareAsync("trips", Readings.Definition());
        string body = Assert.Single(MarkdownText.Blocks(section, "json")).Replace("\"minio\"", "\"stub\"", StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Created, (await stand.PutAsync("trips", body)).Status);
        Store.Put("trips/2026/03/01.csv", Readings.Csv(3));

        await stand.WhenTakenAsync("trips", 1);

        Assert.Equal(3, await stand.CountRowsAsync("trips"));
    }

    /// <summary>A service that knows the store.</summary>
    public sealed class Stand(PostgresServer server) : RunningService(server), IAsyncLifetime
    {
        internal StubStore Store { get; private set; } = null!;

        protected override IEnumerable<(string Key, string? Value)> Settings =>
        [
            ("Sources:Stores:stub:Endpoint", Store.Address.ToString()), ("Sources:Stores:stub:AccessKey", "id"), ("Sources:Stores:stub:SecretKey", "secret"),
            ("Sources:Stores:stub:Buckets:0", StubStore.Bucket), ("Sources:PollInterval", "00:00:00.1"), ("Intake:BodyBytesMax", $"{BodyBytesMax}"),
        ];

        async ValueTask IAsyncLifetime.InitializeAsync()
        {
            Store = await StubStore.StartAsync();
            await InitializeAsync();
        }

        public override async ValueTask DisposeAsync()
        {
            await base.DisposeAsync();
            await Store.DisposeAsync();
        }

        /// <summary>Declares a dataset and a source for it, both of one name, of the keys below that.</summary>
        public async Task WatchAsync(string name, string members = "'after': 'keep'")
        {
            await Api.DeclareAsync(name, Readings.Definition());
            ApiAnswer answer = await PutAsync(
                name, $"{{ 'dataset': '{name}', 'bucket': {{ 'store': 'stub', 'bucket': 'incoming', 'prefix': '{name}/', 'interval': 'P1D', {members} }} }}");
            Assert.True(answer.Status == HttpStatusCode.Created, answer.Body);
        }

        public async Task<ApiAnswer> PutAsync(string name, string json)
        {
            using StringContent body = new(json.Replace('\'', '"'), Encoding.UTF8, "application/json");
            return await Api.PutAsync($"/v1/sources/{name}", body);
        }

        public async Task<JsonNode> SourceAsync(string name) => JsonNode.Parse((await Api.GetAsync($"/v1/sources/{name}")).Body)!;

        /// <summary>
        /// As the store's notifications do, it is told that there is something new; so many are taken or refused, and loaded.
        /// </summary>
        public async Task WhenTakenAsync(string name, int count)
        {
            await BoundedWait.UntilAsync($"{count} objects to be taken", async () =>
            {
                await Api.PostAsync($"/v1/sources/{name}/notify");
                return await Database.ScalarAsync<long>($"""
                    SELECT count(*) FROM pipeline.source_objects o JOIN pipeline.sources s ON s.id = o.source WHERE s.name = '{name}' AND o.put_away
                    """) >= count;
            });
            await BoundedWait.UntilAsync("the jobs to end", async () =>
                await Database.ScalarAsync<long>($"SELECT count(*) FROM pipeline.jobs WHERE dataset = '{name}' AND finished_at IS NULL") == 0);
        }

        public async Task FailsAsync(string name, string reason) => await BoundedWait.UntilAsync($"it to fail: {reason}", async () =>
        {
            await Api.PostAsync($"/v1/sources/{name}/notify");
            return (await SourceAsync(name))["error"] is { } error && ((string)error["detail"]!).Contains(reason, StringComparison.Ordinal);
        });
    }
}
