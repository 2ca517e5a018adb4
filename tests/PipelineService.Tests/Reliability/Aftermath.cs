using System.Globalization;
using Npgsql;
using PipelineService.Core.Jobs;
using PipelineService.Spool;
using PipelineService.Spool.Local;

namespace PipelineService.Tests.Reliability;

/// <summary>
/// What a power cut has left, looked at before the service starts and mends it: each upload that was answered is still
/// there, in the spool to the last byte, or final in the database.
/// </summary>
internal static class Aftermath
{
    /// <param name="count">Counts what the instant of the cut has met.</param>
    /// <returns>Every fault found, in words.</returns>
    public static async Task<IReadOnlyList<string>> CheckAsync(
        NpgsqlDataSource database, string spool, Answers answers, Action<string> count, CancellationToken cancellationToken)
    {
        Dictionary<Guid, string> states = await ReadStatesAsync(database, cancellationToken);
        HashSet<Guid> sealedUploads = [.. IdsOf(spool, ".json")];
        HashSet<Guid> data = [.. IdsOf(spool, ".data")];
        foreach (string seen in StagesOf(states, sealedUploads, data, spool).Distinct())
        {
            count(seen);
        }

        List<string> faults = [];
        foreach ((Guid id, Sample sample) in answers.Accepted)
        {
            string state = states.GetValueOrDefault(id) ?? "unknown";
            bool isFinal = IsFinal(state);
            if (answers.Final.ContainsKey(id) && !isFinal)
            {
                faults.Add($"job {id} was seen final, and is {state} after the cut");
            }

            if (!isFinal && FaultOf(spool, id, sample) is { } fault)
            {
                faults.Add($"job {id} was answered and is {state} after the cut, and {fault}");
            }
        }

        return faults;
    }

    private static string? FaultOf(string spool, Guid id, Sample sample)
    {
        string manifest = Path.Combine(spool, $"{id:D}.json");
        string data = Path.Combine(spool, $"{id:D}.data");
        byte[] bytes;
        try
        {
            bytes = ManifestFile.Read(manifest, id).Data ?? File.ReadAllBytes(data);
        }
        catch (FileNotFoundException)
        {
            return "the spool does not hold its upload";
        }
        catch (SpoolDamagedException e)
        {
            return e.Message;
        }

        return bytes.AsSpan().SequenceEqual(sample.Body) ? null : string.Create(
            CultureInfo.InvariantCulture,
            $"its data of {bytes.Length} bytes is not what was sent: {bytes.AsSpan().CommonPrefixLength(sample.Body)} of {sample.Body.Length} bytes agree");
    }

    private static IEnumerable<string> StagesOf(
        Dictionary<Guid, string> states, HashSet<Guid> sealedUploads, HashSet<Guid> data, string spool)
    {
        foreach (Guid id in data.Except(sealedUploads))
        {
            yield return IsFinal(states.GetValueOrDefault(id)) ? "half unlinked" : "half received";
        }

        foreach (Guid id in sealedUploads)
        {
            string? state = states.GetValueOrDefault(id);
            yield return state is null ? "sealed, not registered" : IsFinal(state) ? "final, not unlinked" : $"sealed, {state}";
        }

        if (sealedUploads.Any(id => HardLink.Count(Path.Combine(spool, $"{id:D}.json")) > 1))
        {
            yield return "sealed, sharing a file";
        }

        if (Directory.EnumerateFiles(spool, "*.json.new").Any())
        {
            yield return "manifest without its name";
        }
    }

    private static IEnumerable<Guid> IdsOf(string spool, string extension) => Directory.EnumerateFiles(spool, "*" + extension)
        .Select(path => Guid.TryParse(Path.GetFileNameWithoutExtension(path), out Guid id) ? id : Guid.Empty)
        .Where(id => id != Guid.Empty);

    private static bool IsFinal(string? state) => JobStates.TryParse(state ?? "", out JobState known) && known.IsFinal();

    private static async Task<Dictionary<Guid, string>> ReadStatesAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.CreateCommand("SELECT id, state FROM pipeline.jobs");
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        Dictionary<Guid, string> states = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            states[reader.GetGuid(0)] = reader.GetString(1);
        }

        return states;
    }
}
