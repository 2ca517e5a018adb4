using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using PipelineService.Access;
using PipelineService.Access.Audit;
using PipelineService.Core.Datasets;
using PipelineService.Datasets;
using PipelineService.Hosting.Postgres;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Datasets;

public sealed class DatasetStoreTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    private readonly Stand _stand = new(database.Database, TimeProvider.System);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Counts_versions_up_and_leaves_an_unchanged_definition_alone()
    {
        PutOutcome first = await _stand.PutAsync("versions", "'name': 'a'");
        PutOutcome same = await _stand.PutAsync("versions", "'name': 'a', 'type': 'any'");
        PutOutcome second = await _stand.PutAsync("versions", "'name': 'a', 'title': 'A'");

        Assert.Equal((1, true), (first.Dataset?.Version, first.IsCreated));
        Assert.Equal((1, false), (same.Dataset?.Version, same.IsCreated));
        Assert.Equal((2, false), (second.Dataset?.Version, second.IsCreated));
        Assert.Equal(first.Dataset?.UpdatedAt, same.Dataset?.UpdatedAt);
        Assert.Equal([2, 1], (await _stand.Store.ListVersionsAsync("versions", null, 10, Token)).Select(v => v.Version));
        Assert.Equal([1], (await _stand.Store.ListVersionsAsync("versions", 2, 10, Token)).Select(v => v.Version));
    }

    [Fact]
    public async Task A_deleted_dataset_comes_back_with_the_next_version()
    {
        await _stand.PutAsync("phoenix", "'name': 'a'");

        Assert.Null(await _stand.Store.DeleteAsync("phoenix", DatasetPrecondition.None, Caller.Anonymous, AuditActor.Service, Token));
        Assert.Null(await _stand.Store.FindAsync("phoenix", Caller.Anonymous, Token));
        Assert.Null(await _stand.Catalog.FindAsync("phoenix", Token));
        Assert.Equal(
            "dataset_not_found", (await _stand.Store.DeleteAsync("phoenix", DatasetPrecondition.None, Caller.Anonymous, AuditActor.Service, Token))?.Code);

        PutOutcome again = await _stand.PutAsync("phoenix", "'name': 'a'");
        Assert.Equal((2, true), (again.Dataset?.Version, again.IsCreated));
        Assert.Equal(1, (await _stand.Catalog.FindVersionAsync("phoenix", 1, Token))?.Version);
        Assert.Null(await _stand.Catalog.FindVersionAsync("phoenix", 3, Token));
    }

    [Fact]
    public async Task Lists_by_name_page_by_page()
    {
        await _stand.PutAsync("list_b", "'name': 'a'");
        await _stand.PutAsync("list_a", "'name': 'a'");

        IReadOnlyList<ListedDataset> page = await _stand.Store.ListAsync("list_", 1, Caller.Anonymous, Token);
        IReadOnlyList<ListedDataset> next = await _stand.Store.ListAsync("list_a", 1, Caller.Anonymous, Token);

        Assert.Equal(["list_a", "list_b"], page.Concat(next).Select(d => d.Name));
    }

    [Fact]
    public async Task Two_writers_of_one_dataset_make_two_versions()
    {
        PutOutcome[] outcomes = await Task.WhenAll(
            Enumerable.Range(0, 4).Select(i => _stand.PutAsync("race", $"'name': 'a', 'title': '{i}'")));

        Assert.Equal([1, 2, 3, 4], outcomes.Select(o => o.Dataset!.Version).Order());
        Assert.Single(outcomes, o => o.IsCreated);
    }

    [Fact]
    public async Task What_was_written_here_is_known_here_at_once_and_elsewhere_when_the_cache_has_aged()
    {
        var time = new FakeTimeProvider();
        var other = new Stand(database.Database, time);
        await _stand.PutAsync("fresh", "'name': 'a'");
        DatasetVersion? first = await other.Catalog.FindAsync("fresh", Token);

        await _stand.PutAsync("fresh", "'name': 'a', 'title': 'A'");

        Assert.Equal(2, (await _stand.Catalog.FindAsync("fresh", Token))?.Version);
        Assert.Same(first, await other.Catalog.FindAsync("fresh", Token));
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(2, (await other.Catalog.FindAsync("fresh", Token))?.Version);
    }

    [Fact]
    public async Task An_aged_entry_that_did_not_change_stays_the_same_object()
    {
        var time = new FakeTimeProvider();
        var stand = new Stand(database.Database, time);
        await stand.PutAsync("same", "'name': 'a'");
        DatasetVersion? first = await stand.Catalog.FindAsync("same", Token);

        time.Advance(TimeSpan.FromSeconds(2));

        Assert.Same(first, await stand.Catalog.FindAsync("same", Token));
        Assert.Same(first, await stand.Catalog.FindVersionAsync("same", 1, Token));
    }

    [Fact]
    public async Task The_last_known_definition_serves_while_the_database_is_away()
    {
        await using var dead = Npgsql.NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Username=nobody;Timeout=1");
        var time = new FakeTimeProvider();
        Database gate = DatabaseAccess.To(dead);
        var catalog = new DatasetCatalog(gate, Options.Create(new DatasetsOptions()), time);
        DatasetDefinition definition = DefinitionText.Read(DefinitionText.WithField("'name': 'a'"));
        catalog.Remember(new DatasetVersion("known", 3, DateTime.UnixEpoch, definition, catalog.Secrets));

        time.Advance(TimeSpan.FromDays(1));

        Assert.Equal(3, (await catalog.FindAsync("known", Token))?.Version);
        await Assert.ThrowsAsync<DatabaseUnavailableException>(() => catalog.FindAsync("unknown", Token));
    }

    private sealed class Stand
    {
        public Stand(Database database, TimeProvider time)
        {
            Catalog = new DatasetCatalog(database, Options.Create(new DatasetsOptions()), time);
            Store = new DatasetStore(database, Catalog, time);
        }

        public DatasetCatalog Catalog { get; }

        public DatasetStore Store { get; }

        public Task<PutOutcome> PutAsync(string name, string field) => Store.PutAsync(
            name,
            DefinitionText.Read(DefinitionText.WithField(field), name),
            DatasetPrecondition.None,
            Caller.Anonymous,
            AuditActor.Service,
            Token);
    }
}
