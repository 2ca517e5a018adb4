using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;
using PipelineService.Hosting;
using PipelineService.Hosting.Embedded;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.Postgres;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Hosting;

/// <summary>What operators see of the running service: health, unknown addresses, life without a database.</summary>
public sealed class OperationsTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Is_alive_and_ready_with_a_database()
    {
        await using ServiceUnderTest service = await ServiceUnderTest.StartAsync(database.ConnectionString);

        JsonElement live = await service.Client.GetFromJsonAsync<JsonElement>("/health/live", Cancellation);
        JsonElement ready = await service.Client.GetFromJsonAsync<JsonElement>("/health/ready", Cancellation);

        Assert.Equal("healthy", live.GetProperty("status").GetString());
        Assert.Equal("healthy", ready.GetProperty("status").GetString());
        Assert.Equal("healthy", ready.GetProperty("checks").GetProperty("database").GetProperty("status").GetString());
        Assert.Equal("healthy", ready.GetProperty("checks").GetProperty("breaker").GetProperty("status").GetString());
    }

    [Fact]
    public async Task Starts_without_its_database_and_is_not_ready()
    {
        await using ServiceUnderTest service = await ServiceUnderTest.StartAsync("Host=127.0.0.1;Port=1;Username=x;Database=x");

        using HttpResponseMessage live = await service.Client.GetAsync("/health/live", Cancellation);
        using HttpResponseMessage ready = await service.Client.GetAsync("/health/ready", Cancellation);

        Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        JsonElement checks = (await ready.Content.ReadFromJsonAsync<JsonElement>(Cancellation)).GetProperty("checks");
        Assert.Equal("unhealthy", checks.GetProperty("database").GetProperty("status").GetString());
        Assert.False(service.Services.GetRequiredService<Database>().IsAvailable);
    }

    [Fact]
    public async Task Takes_no_upload_that_it_knows_nothing_of_while_its_database_is_away_and_promises_nothing()
    {
        await using ServiceUnderTest service = await ServiceUnderTest.StartAsync("Host=127.0.0.1;Port=1;Username=x;Database=x");
        Api api = new(service.Client);

        ApiAnswer upload = await api.UploadAsync("never_seen", Readings.Csv(1));
        ApiAnswer job = await api.GetAsync("/v1/jobs/0199a3c0-0000-7000-8000-000000000000");

        Assert.All([upload, job], answer =>
        {
            Assert.Equal((HttpStatusCode.ServiceUnavailable, "database_unavailable"), (answer.Status, answer.Problem.Code));
            Assert.NotNull(answer["Retry-After"]);
            Assert.DoesNotContain("still", answer.Problem.Detail, StringComparison.Ordinal);
        });
        Assert.Contains("'never_seen'", upload.Problem.Detail, StringComparison.Ordinal);
        Assert.Contains("Nothing was kept", upload.Problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Starts_a_private_database_when_none_is_configured()
    {
        await using ServiceUnderTest service = await ServiceUnderTest.StartAsync(connectionString: null);

        using HttpResponseMessage ready = await service.Client.GetAsync("/health/ready", Cancellation);

        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
    }

    [Fact]
    public async Task Brings_back_a_private_database_that_was_killed()
    {
        await using ServiceUnderTest service = await ServiceUnderTest.StartAsync(
            connectionString: null,
            [("Hosting:BreakerFailures", "2"), ("Hosting:BreakerDuration", "00:00:00.5")]);
        string folder = service.Services.GetRequiredService<IOptions<HostingOptions>>().Value.DataDirectory;
        using (var postmaster = Process.GetProcessById(Postmaster.ReadProcessId(Path.Combine(folder, "postgres"))!.Value))
        {
            postmaster.Kill();
        }

        Database database = service.Services.GetRequiredService<Database>();
        await Assert.ThrowsAsync<DatabaseUnavailableException>(() => database.RunAsync(FailsAsync, Cancellation));
        Assert.True(await database.RunPatientlyAsync(DatabasePool.PingAsync, Cancellation));

        static Task<bool> FailsAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
            Task.FromException<bool>(new NpgsqlException("as the death of the server shows", new IOException()));
    }

    [Fact]
    public async Task An_unknown_address_is_a_problem_document()
    {
        await using ServiceUnderTest service = await ServiceUnderTest.StartAsync(database.ConnectionString);

        using HttpResponseMessage response = await service.Client.GetAsync("/nowhere", Cancellation);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal(Problem.ContentType, response.Content.Headers.ContentType!.MediaType);
        Assert.False(response.Headers.Contains("Server"));
    }

    [Theory]
    [InlineData("http://127.0.0.1:8080", true)]
    [InlineData("http://localhost:8080", true)]
    [InlineData("http://[::1]:8080", true)]
    [InlineData("http://unix:/tmp/socket", true)]
    [InlineData("http://0.0.0.0:8080", false)]
    [InlineData("http://*:8080", false)]
    [InlineData("http://[::]:8080", false)]
    [InlineData("http://example.org", false)]
    public void Knows_which_addresses_stay_on_this_machine(string address, bool loopback) =>
        Assert.Equal(loopback, PipelineService.Hosting.Http.ListenAddresses.IsLoopback(address));
}
