using System.Globalization;
using Npgsql;

namespace PipelineService.Demo;

/// <summary>The command with which a person at a shell reaches the database that the service uses.</summary>
internal static class PsqlCommand
{
    /// <summary>The command line; a password is left out, psql asks for it.</summary>
    /// <param name="connectionString">As Npgsql takes it.</param>
    /// <param name="sql">One statement, without double quotes.</param>
    public static string For(string connectionString, string sql)
    {
        var connection = new NpgsqlConnectionStringBuilder(connectionString);
        string port = connection.Port.ToString(CultureInfo.InvariantCulture);
        return $"psql -h {connection.Host} -p {port} -U {connection.Username} -d {connection.Database} -c \"{sql}\"";
    }
}
