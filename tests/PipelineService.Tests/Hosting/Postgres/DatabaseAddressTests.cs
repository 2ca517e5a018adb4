using Microsoft.Extensions.Configuration;
using Npgsql;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Tests.Hosting.Postgres;

public sealed class DatabaseAddressTests
{
    [Fact]
    public void Is_that_of_the_connection_string_then_of_the_variable_then_private()
    {
        Assert.Equal("one:5432/a", Of("Host=one;Database=a", "postgres://two/b").Text);
        Assert.Equal("two:5432/b", Of(null, "postgres://two/b").Text);
        Assert.False(Of(null, "postgres://two/b").IsPrivate);
        Assert.True(Of(null, null).IsPrivate);
    }

    [Theory]
    [InlineData("postgres://db/app", "Host=db;Database=app")]
    [InlineData("postgresql://ann:s%40c%3Bret@db:6432/app", "Host=db;Port=6432;Username=ann;Password='s@c;ret';Database=app")]
    [InlineData("postgres://ann@[::1]:5433/app?sslmode=require", "Host=::1;Port=5433;Username=ann;Database=app;SSL Mode=Require")]
    [InlineData(
        "postgres://db/app?sslmode=verify-full&sslrootcert=%2Fca.pem",
        "Host=db;Database=app;SSL Mode=VerifyFull;Root Certificate=/ca.pem")]
    [InlineData("postgres://db/app?channel_binding=require&connect_timeout=3", "Host=db;Database=app;Channel Binding=Require;Timeout=3")]
    [InlineData("postgres:///app?host=/var/run/postgresql&user=ann", "Host=/var/run/postgresql;Username=ann;Database=app")]
    [InlineData(
        "postgres://ann@db1:5432,db2:5433/app?target_session_attrs=read-write",
        "Host=db1:5432,db2:5433;Username=ann;Database=app;Target Session Attributes=read-write")]
    public void Takes_URIs(string uri, string connectionString)
    {
        var address = Of(uri, null);

        Assert.Null(address.Fault);
        NpgsqlConnectionStringBuilder expected = new(connectionString);
        Assert.True(expected.EquivalentTo(new NpgsqlConnectionStringBuilder(address.ConnectionString)), address.ConnectionString);
    }

    [Theory]
    [InlineData("Host=db;Prt=5432", "There is no keyword \"prt\". Did you mean \"Port\"?")]
    [InlineData("Host=db;Port=five", "port does not take the value that it has.")]
    [InlineData("Host=db;Port=70000", "70000 is no port.")]
    [InlineData("Database=app", "It names no host.")]
    [InlineData("", "It names no host.")]
    [InlineData("db.example.org", "It is not a list of Keyword=Value")]
    [InlineData("postgres://db/app?sslmod=require", "There is no keyword \"sslmod\".")]
    [InlineData("postgres://ann:pass/word@db/app", "It is not a URI of PostgreSQL; in a password")]
    public void Says_what_is_wrong_and_what_is_right(string text, string sentence)
    {
        string fault = Of(null, text).Fault!;

        Assert.StartsWith("DATABASE_URL: " + sentence, fault, StringComparison.Ordinal);
        Assert.EndsWith(DatabaseAddress.Forms, fault, StringComparison.Ordinal);
        Assert.StartsWith("ConnectionStrings:Pipeline: " + sentence, Of(text, null).Fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Host=db;Password=geheim;Port=geheim")]
    [InlineData("postgres://ann:gehe/im@db:x/app")]
    [InlineData("Host=db;geheim")]
    public void Repeats_no_password(string text) =>
        Assert.DoesNotContain("gehe", Of(text, null).Fault, StringComparison.Ordinal);

    private static DatabaseAddress Of(string? setting, string? variable) => DatabaseAddress.Of(
        new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            [DatabaseAddress.Setting] = setting,
            [DatabaseAddress.Variable] = variable,
        }).Build());
}
