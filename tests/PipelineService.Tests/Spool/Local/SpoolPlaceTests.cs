using Microsoft.Extensions.Configuration;
using PipelineService.Spool.Local;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Local;

public sealed class SpoolPlaceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Data => Path.Combine(_folder.Path, "data");

    private string Shared => Path.Combine(_folder.Path, "shared");

    [Fact]
    public void Of_the_private_server_is_beside_its_data() =>
        Assert.Equal(Path.Combine(Data, "spool"), Place(database: null));

    [Theory]
    [InlineData("Host=db1;Database=app", "spool-db1-5432-app")]
    [InlineData("Host=db1;Port=6432;Database=app", "spool-db1-6432-app")]
    [InlineData("Host=db1;Username=etl", "spool-db1-5432-etl")]
    [InlineData("Host=/var/run/postgresql;Database=a b/c", "spool--var-run-postgresql-5432-a-b-c")]
    public void Of_a_configured_database_is_named_after_it(string database, string name) =>
        Assert.Equal(Path.Combine(Data, name), Place(database));

    [Fact]
    public void Of_a_database_goes_on_to_be_the_shared_one_where_its_uploads_wait()
    {
        WriteShared("spool.id", "0199a3c0-0000-7000-8000-000000000000");
        string own = Place("Host=db1;Database=app");
        Assert.NotEqual(Shared, own); // nothing waits there

        WriteShared("0199a3c0-0000-7000-8000-000000000001.json", "{}");
        Assert.Equal(Shared, Place("Host=db1;Database=app"));

        WriteShared("spool.database", "0199a3c0-0000-7000-8000-000000000002\ndb1:5432/app\n");
        Assert.Equal(Shared, Place("Host=db1;Database=app"));
        Assert.Equal(Path.Combine(Data, "spool-db1-5432-other"), Place("Host=db1;Database=other"));

        Directory.CreateDirectory(own);
        Assert.Equal(own, Place("Host=db1;Database=app"));
    }

    public void Dispose() => _folder.Dispose();

    private string Place(string? database) => SpoolPlace.Default(
        new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ConnectionStrings:Pipeline"] = database,
            ["Hosting:DataDirectory"] = Data,
        }).Build(),
        Shared);

    private void WriteShared(string name, string text)
    {
        Directory.CreateDirectory(Shared);
        File.WriteAllText(Path.Combine(Shared, name), text);
    }
}
