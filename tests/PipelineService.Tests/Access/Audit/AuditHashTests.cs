using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using CsCheck;
using PipelineService.Access.Audit;

namespace PipelineService.Tests.Access.Audit;

/// <summary>The canonical form of entries: no two of them have the same bytes.</summary>
public sealed class AuditHashTests
{
    /// <summary>Texts that meet each other's ends and lengths: few characters, among them those that a length is made of.</summary>
    private static readonly Gen<string> Text = Gen.OneOf(
        Gen.String[Gen.Char["a\u0001\u0000ÿ\":"], 0, 6], Gen.String[Gen.Char['\u0020', '\uD7FF'], 0, 300]);

    private static readonly Gen<StoredEntry> Entry =
        from id in Gen.Guid
        from microseconds in Gen.Long[0, 4_102_444_800_000_000]
        from texts in Text.Array[5]
        from dataset in Gen.OneOf(Gen.Const((string?)null), Text!)
        from address in Gen.OneOf(Gen.Const((string?)null), Text!)
        select new StoredEntry(
            id, DateTime.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond), texts[0], texts[1], texts[2], dataset, texts[3],
            address, texts[4]);

    /// <summary>What can be read back without loss is another for each entry.</summary>
    [Fact]
    public void Every_entry_can_be_read_back_from_its_canonical_form() =>
        Entry.Sample(entry => Assert.Equal(entry, Read(FormOf(entry))), iter: 5_000, threads: 1);

    [Fact]
    public void Changing_any_field_changes_the_hash()
    {
        Entry.Sample(
            entry =>
            {
                StoredEntry[] all =
                [
                    entry, entry with { Id = Guid.Empty }, entry with { At = entry.At.AddTicks(TimeSpan.TicksPerMicrosecond) },
                    entry with { Actor = entry.Actor + "a" }, entry with { Action = entry.Action + "a" },
                    entry with { Object = entry.Object + "a" }, entry with { Dataset = (entry.Dataset ?? "") + "a" },
                    entry with { Outcome = entry.Outcome + "a" }, entry with { Address = (entry.Address ?? "") + "a" },
                    entry with { Detail = entry.Detail + "a" },
                ];
                byte[] other = [.. AuditHash.Beginning[..^1], 1];
                IEnumerable<string> hashes = all.Select(one => Convert.ToHexString(AuditHash.Of(AuditHash.Beginning, one)))
                    .Append(Convert.ToHexString(AuditHash.Of(other, entry)));
                Assert.Equal(all.Length + 1, hashes.Distinct().Count());
            },
            iter: 300,
            threads: 1);
    }

    /// <summary>No text and an empty one, and a text that moves from one field to the next.</summary>
    [Fact]
    public void Fields_do_not_run_into_each_other()
    {
        StoredEntry entry = new(Guid.Empty, DateTime.UnixEpoch, "ab", "c", "", null, "", "", "");

        Assert.NotEqual(FormOf(entry), FormOf(entry with { Actor = "a", Action = "bc" }));
        Assert.NotEqual(FormOf(entry), FormOf(entry with { Dataset = "" }));
        Assert.NotEqual(FormOf(entry), FormOf(entry with { Address = null, Dataset = "" }));
    }

    /// <summary>Chains that are written must be verifiable for ever: the form is frozen.</summary>
    [Fact]
    public void The_form_is_this_and_stays_this()
    {
        StoredEntry entry = new(
            Guid.Parse("0199a3c0-0000-7000-8000-000000000001"), new DateTime(2026, 11, 27, 14, 0, 0, 123, 456, DateTimeKind.Utc),
            "loopback", "dataset.put", "dataset/trips", "trips", "done", "127.0.0.1", """{"version": 1}""");

        // As a program in another language has computed it from what docs/audit.md says.
        Assert.Equal(
            "860ddf855a012187037acea49ec325be54994b00938db9c84d7a0bee2908fa7f",
            Convert.ToHexStringLower(AuditHash.Of(AuditHash.Beginning, entry)));
    }

    private static byte[] FormOf(StoredEntry entry)
    {
        ArrayBufferWriter<byte> form = new();
        AuditHash.Write(entry, form);
        return form.WrittenSpan.ToArray();
    }

    private static StoredEntry Read(byte[] form)
    {
        int at = 24;
        StoredEntry entry = new(
            new Guid(form.AsSpan(0, 16), bigEndian: true),
            DateTime.UnixEpoch.AddTicks(BinaryPrimitives.ReadInt64BigEndian(form.AsSpan(16)) * TimeSpan.TicksPerMicrosecond),
            Next()!, Next()!, Next()!, Next(), Next()!, Next(), Next()!);
        Assert.Equal(form.Length, at);
        return entry;

        string? Next()
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(form.AsSpan(at));
            at += sizeof(int) + Math.Max(length, 0);
            return length < 0 ? null : Encoding.UTF8.GetString(form.AsSpan(at - length, length));
        }
    }
}
