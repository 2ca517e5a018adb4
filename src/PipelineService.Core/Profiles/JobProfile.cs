using System.Collections.Immutable;
using System.IO.Compression;
using PipelineService.Core.Encoding;

namespace PipelineService.Core.Profiles;

/// <summary>
/// What is known of the rows that a job has stored, or a session of it: taken in row by row in the form in which they are sent, in memory
/// that depends on the columns alone, and merged with that of others. Used by one thread at a time.
/// </summary>
public sealed class JobProfile(ProfilePlan plan)
{
    /// <summary>Of the form in which it is written; what another version has written is not read.</summary>
    private const byte Form = 3;

    private readonly int[] _places = new int[ColumnValues.CountMax];
    private readonly byte[] _sampled = new byte[ColumnValues.CountMax];
    private readonly ColumnValues _values = new();

    internal ImmutableArray<ColumnProfile> Columns { get; } = plan.NewColumns();

    /// <summary>Rows taken in.</summary>
    public long Rows { get; private set; }

    /// <summary>Those of them that were looked at more closely.</summary>
    public long Sampled { get; private set; }

    /// <summary>Takes the rows of a chunk in.</summary>
    /// <param name="without">0-based indexes of those that the table has refused, ascending.</param>
    public void Add(RowBuffer rows, ReadOnlySpan<int> without)
    {
        ReadOnlySpan<byte> bytes = rows.RowBytes(0, rows.Count).Span;
        ReadOnlySpan<RowMark> marks = rows.Marks;
        int count = 0;
        for (int row = 0; row < marks.Length; row++)
        {
            if (!without.IsEmpty && without[0] == row)
            {
                without = without[1..];
                continue;
            }

            _places[count] = marks[row].Offset - marks[0].Offset + sizeof(short);
            _sampled[count] = ProfilePlan.IsSampled(marks[row].Record) ? (byte)1 : (byte)0;
            if (++count == ColumnValues.CountMax)
            {
                Add(bytes, count);
                count = 0;
            }
        }

        Add(bytes, count);
    }

    /// <summary>Column by column, so that what one counts with is at hand: row by row takes twice the time.</summary>
    private void Add(ReadOnlySpan<byte> bytes, int count)
    {
        Span<int> places = _places.AsSpan(0, count);
        ReadOnlySpan<byte> sampled = _sampled.AsSpan(0, count);
        foreach (ColumnProfile column in Columns.AsSpan())
        {
            _values.Take(bytes, places, sampled);
            column.Add(bytes, _values, count);
        }

        Rows += count;
        Sampled += sampled.Count((byte)1);
    }

    /// <param name="other">Of rows of the same job.</param>
    public void Merge(JobProfile other)
    {
        Rows += other.Rows;
        Sampled += other.Sampled;
        for (int i = 0; i < Columns.Length; i++)
        {
            Columns[i].Merge(other.Columns[i]);
        }
    }

    /// <summary>The form in which it is kept, to be merged later.</summary>
    public byte[] ToBytes()
    {
        using MemoryStream bytes = new();
        bytes.WriteByte(Form);
        using (ZLibStream packed = new(bytes, CompressionLevel.Fastest, leaveOpen: true))
        using (BinaryWriter writer = new(packed))
        {
            writer.Write(Columns.Length);
            writer.Write(Rows);
            writer.Write(Sampled);
            foreach (ColumnProfile column in Columns)
            {
                column.Write(writer);
            }
        }

        return bytes.ToArray();
    }

    /// <summary>One that was kept; null when another version has written it, or it is of other columns.</summary>
    public static JobProfile? TryRead(ProfilePlan plan, byte[] bytes)
    {
        if (bytes is not [Form, ..])
        {
            return null;
        }

        using MemoryStream stream = new(bytes, 1, bytes.Length - 1);
        using ZLibStream packed = new(stream, CompressionMode.Decompress);
        using BinaryReader reader = new(packed);
        if (reader.ReadInt32() != plan.Columns)
        {
            return null;
        }

        JobProfile profile = new(plan) { Rows = reader.ReadInt64(), Sampled = reader.ReadInt64() };
        foreach (ColumnProfile column in profile.Columns)
        {
            column.Read(reader);
        }

        return profile;
    }
}
