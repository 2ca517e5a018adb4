using System.Buffers;
using System.Globalization;
using Npgsql;

namespace PipelineService.Hosting.Demo;

/// <summary>The command with which a person at a shell reaches the database that the service uses.</summary>
internal static class PsqlCommand
{
    /// <summary>What no shell gives a meaning to.</summary>
    private static readonly SearchValues<char> Plain =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:,+@%");

    /// <summary>The command line; a password is left out, psql asks for it.</summary>
    /// <param name="connectionString">As Npgsql takes it.</param>
    /// <param name="sql">One statement, without double quotes.</param>
    public static string For(string connectionString, string sql)
    {
        var connection = new NpgsqlConnectionStringBuilder(connectionString);
        string port = connection.Port.ToString(CultureInfo.InvariantCulture);
        return $"psql -h {Word(connection.Host)} -p {port} -U {Word(connection.Username)} -d {Word(connection.Database)} -c \"{sql}\"";
    }

    /// <summary>A word as a POSIX shell takes it for one, whatever is in it.</summary>
    private static string Word(string? text) => text is { Length: > 0 } && !text.AsSpan().ContainsAnyExcept(Plain)
        ? text
        : $"'{text?.Replace("'", @"'\''", StringComparison.Ordinal)}'";
}
