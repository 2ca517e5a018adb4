using Npgsql;
using PipelineService.Hosting.Migrations;

namespace PipelineService.Tests.Infrastructure;

/// <summary>
/// The role that services under test have. With <c>PIPELINE_TEST_ROLE=least</c> every service of the run has one that owns nothing and has
/// the grants of docs/operations.md alone, while the tests themselves go on as the owner; else it has the owner's.
/// </summary>
internal static class ServiceRole
{
    private const string Variable = "PIPELINE_TEST_ROLE";
    private const string Least = "least";
    private const string Password = "nothing is its own";

    /// <summary>What it may do with what others made: the rows that tests prepare are read, added to and reverted.</summary>
    private const string ForTables = "SELECT, INSERT, DELETE, REFERENCES";

    private static string? _name;

    private static bool IsAskedFor => Environment.GetEnvironmentVariable(Variable) == Least;

    /// <param name="run">Tells the roles of runs on one server apart.</param>
    public static string? CreateSql(string run)
    {
        _name = IsAskedFor ? $"pipeline_test_{run}_service" : null;
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

    /// <summary>The same database with the service's role, where it has one: in those of this run's server.</summary>
    public static string? Apply(string? connectionString) => _name is null || connectionString is null
        || !new NpgsqlConnectionStringBuilder(connectionString).Database!.StartsWith("pipeline_test_", StringComparison.Ordinal)
        ? connectionString
        : new NpgsqlConnectionStringBuilder(connectionString) { Username = _name, Password = Password }.ConnectionString;
}
