using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace PipelineService.Hosting.Migrations;

/// <summary>
/// One step of our schema: <c>NNN_name.sql</c>, embedded in the assembly. A step that was released never changes.
/// </summary>
internal sealed partial record Migration(int Number, string Name, string Sql)
{
    /// <summary>All steps of this version, in order, without gaps.</summary>
    public static IReadOnlyList<Migration> All { get; } = Read(typeof(Migration).Assembly);

    /// <summary>Of the text with LF line ends, so that a checkout on Windows makes the same checksum.</summary>
    public byte[] Sha256 =>
        SHA256.HashData(Encoding.UTF8.GetBytes(Sql.Replace("\r\n", "\n", StringComparison.Ordinal)));

    private static Migration[] Read(Assembly assembly)
    {
        Migration[] all = [.. assembly.GetManifestResourceNames()
            .Select(resource => (Resource: resource, Match: ResourceName().Match(resource)))
            .Where(found => found.Match.Success)
            .Select(found => new Migration(
                int.Parse(found.Match.Groups["number"].ValueSpan, System.Globalization.CultureInfo.InvariantCulture),
                found.Match.Groups["name"].Value,
                ReadText(assembly, found.Resource)))
            .OrderBy(migration => migration.Number)];
        return all.Select(migration => migration.Number).SequenceEqual(Enumerable.Range(1, all.Length))
            ? all
            : throw new InvalidOperationException("The numbers of the migrations do not count 1, 2, 3, …");
    }

    private static string ReadText(Assembly assembly, string resource)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    [GeneratedRegex(@"\.(?<number>\d{3})_(?<name>\w+)\.sql$")]
    private static partial Regex ResourceName();
}
