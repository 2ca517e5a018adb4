using System.Reflection;
using Npgsql;
using PipelineService.Hosting.Migrations;
using Xunit.v3;

namespace PipelineService.Tests.Infrastructure;

/// <summary>
/// The role that services under test have: one that owns nothing of the schema and has the grants of docs/operations.md alone, while the
/// tests themselves go on as the owner. <see cref="OwnersRoleAttribute"/> names the tests in which it is the owner's; with
/// <c>PIPELINE_TEST_ROLE=owner</c> it is in all of them.
/// </summary>
internal static class ServiceRole
{
    private const string Variable = "PIPELINE_TEST_ROLE";
    private const string Password = "nothing is its own";

    /// <summary>What it may do with what others made: the rows that tests prepare are read, added to, changed and reverted.</summary>
    private const string ForTables = "SELECT, INSERT, UPDATE, DELETE, REFERENCES";

    public static bool IsOwnersEverywhere { get; } = Environment.GetEnvironmentVariable(Variable) == "owner";

    private static string? _name;
    private static string? _owner;

    /// <param name="run">Tells the roles of runs on one server apart.</param>
    /// <param name="owner">The role of the tests.</param>
    public static string? CreateSql(string run, string? owner)
    {
        _owner = owner;
        _name = IsOwnersEverywhere ? null : $"pipeline_test_{run}_service";
        return _name is null ? null : $"CREATE ROLE {_name} LOGIN PASSWORD '{Password}'";
    }

    public static string? DropSql => _name is null ? null : $"DROP ROLE IF EXISTS {_name}";

    /// <summary>For a database, before anybody uses it.</summary>
    /// <param name="migrated">False: it makes the schema itself, and owns it then.</param>
    public static string? GrantSql(string database, bool migrated) => _name is null ? null
        : $"""
            {(migrated ? ServiceGrants.To(_name) : $"GRANT CREATE ON DATABASE {database} TO {_name};")}
            GRANT USAGE, CREATE ON SCHEMA public TO {_name};
            ALTER DEFAULT PRIVILEGES GRANT USAGE, CREATE ON SCHEMAS TO {_name};
            ALTER DEFAULT PRIVILEGES GRANT {ForTables} ON TABLES TO {_name};
            ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO {_name};
            """;

    /// <summary>The same database with the service's role, where a test says no other: in those of this run's server.</summary>
    public static string? Apply(string? connectionString)
    {
        if (_name is null || connectionString is null || IsOwners)
        {
            return connectionString;
        }

        NpgsqlConnectionStringBuilder address = new(connectionString);
        return address.Database?.StartsWith("pipeline_test_", StringComparison.Ordinal) == true && address.Username == _owner
            ? new NpgsqlConnectionStringBuilder(connectionString) { Username = _name, Password = Password }.ConnectionString
            : connectionString;
    }

    private static bool IsOwners =>
        (TestContext.Current.TestMethod as IXunitTestMethod)?.Method.IsDefined(typeof(OwnersRoleAttribute)) == true
        || (TestContext.Current.TestClass as IXunitTestClass)?.Class.IsDefined(typeof(OwnersRoleAttribute)) == true;
}

/// <summary>The service under test has the owner's role here, which docs/operations.md advises against.</summary>
/// <param name="why">What only an owner may do.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class OwnersRoleAttribute(string why) : Attribute
{
    public string Why => why;
}
