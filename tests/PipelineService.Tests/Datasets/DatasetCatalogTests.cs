using Microsoft.Extensions.Options;
using Npgsql;
using PipelineService.Access;
using PipelineService.Access.Audit;
using PipelineService.Core.Datasets;
using PipelineService.Datasets;
using PipelineService.Hosting.Postgres;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Datasets;

public sealed class DatasetCatalogTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    private static readonly IOptions<DatasetsOptions> Options =
        Microsoft.Extensions.Options.Options.Create(new DatasetsOptions { CacheAge = TimeSpan.Zero });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>As after a restart: nothing has been uploaded since.</summary>
    [Fact]
    public async Task Knows_the_datasets_in_an_outage_that_comes_before_their_first_use()
    {
        await DeclareAsync("seldom");
        await using var away = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Username=nobody;Timeout=1");
        Database connected = DatabaseAccess.To(database.DataSource);
        DatasetCatalog catalog = new(connected, Options, TimeProvider.System);

        int known = await catalog.PreloadAsync(Token);
        connected.Attach(away);

        Assert.True(known >= 1);
        Assert.Equal(1, (await catalog.FindAsync("seldom", Token))?.Version);
        await Assert.ThrowsAsync<DatabaseUnavailableException>(() => catalog.FindAsync("unheard_of", Token));
    }

    [Fact]
    public async Task Passes_over_what_a_newer_service_has_declared()
    {
        await DeclareAsync("readable");
        await StoreAsync("newer", """{ "later": 1 }""");
        DatasetCatalog catalog = new(database.Database, Options, TimeProvider.System);

        await catalog.PreloadAsync(Token);

        Assert.NotNull(await catalog.FindAsync("readable", Token));
    }

    /// <summary>What is asked of a definition today was not asked of one that is stored, and its uploads still come.</summary>
    [Fact]
    public async Task Reads_a_version_that_could_not_be_declared_any_more()
    {
        const string Definition = """{ "dialect": { "header": false }, "schema": { "fields": [{ "name": "a" }], "fieldsMatch": "subset" } }""";
        await StoreAsync("older", Definition);
        DatasetCatalog catalog = new(database.Database, Options, TimeProvider.System);

        await catalog.PreloadAsync(Token);

        Assert.Equal(FieldsMatch.Subset, (await catalog.FindAsync("older", Token))?.Definition.Schema.FieldsMatch);
        Assert.Contains("goes by names", Assert.Single(DefinitionText.Faults(Definition)), StringComparison.Ordinal);
    }

    private Task StoreAsync(string dataset, string definition) => database.ExecuteAsync($$"""
        INSERT INTO pipeline.datasets (name, current_version, created_at, updated_at) VALUES ('{{dataset}}', 1, now(), now());
        INSERT INTO pipeline.dataset_versions (dataset, version, definition, created_at) VALUES ('{{dataset}}', 1, '{{definition}}', now())
        """);

    private async Task DeclareAsync(string dataset)
    {
        DatasetStore store = new(
            database.Database, new DatasetCatalog(database.Database, Options, TimeProvider.System), TimeProvider.System);
        await store.PutAsync(
            dataset, DefinitionText.Read(DefinitionText.WithField("'name': 'a'"), dataset), DatasetPrecondition.None, Caller.Anonymous,
            AuditActor.Service, Token);
    }
}
