using System.Buffers.Binary;
using System.Security.Cryptography;
using Npgsql;

namespace PipelineService.Access.Audit;

/// <summary>
/// The canonical form (<see cref="AuditHash"/>) of entries as they come from the database, byte for byte: no text is made of them, and
/// one buffer serves for all.
/// </summary>
internal sealed class CanonicalRow
{
    /// <summary>actor, action, object, dataset, outcome, ip and detail, behind id and at.</summary>
    private const int Texts = 7;

    private byte[] _form = new byte[1_024];
    private int _length;

    /// <summary>SHA-256 over the hash before and the entry.</summary>
    /// <param name="reader">At a row, with sequential access; from the columns as <see cref="StoredEntries"/> reads them.</param>
    /// <param name="first">Which column the first of them is.</param>
    public void Hash(ReadOnlySpan<byte> prev, NpgsqlDataReader reader, int first, Span<byte> hash)
    {
        _length = 0;
        prev.CopyTo(Take(prev.Length));
        reader.GetGuid(first).TryWriteBytes(Take(16), bigEndian: true, out _);
        BinaryPrimitives.WriteInt64BigEndian(Take(sizeof(long)), AuditHash.MicrosecondsOf(reader.GetDateTime(first + 1)));
        for (int column = first + 2; column < first + 2 + Texts; column++)
        {
            Append(reader, column);
        }

        SHA256.HashData(_form.AsSpan(0, _length), hash);
    }

    private void Append(NpgsqlDataReader reader, int column)
    {
        if (reader.IsDBNull(column))
        {
            BinaryPrimitives.WriteInt32BigEndian(Take(sizeof(int)), -1);
            return;
        }

        int length = (int)reader.GetBytes(column, 0, null, 0, 0);
        BinaryPrimitives.WriteInt32BigEndian(Take(sizeof(int)), length);
        int start = _length;
        Take(length);
        reader.GetBytes(column, 0, _form, start, length);
    }

    private Span<byte> Take(int length)
    {
        if (_form.Length - _length < length)
        {
            Array.Resize(ref _form, Math.Max(_form.Length * 2, _length + length));
        }

        _length += length;
        return _form.AsSpan(_length - length, length);
    }
}
