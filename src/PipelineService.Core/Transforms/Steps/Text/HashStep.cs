using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Unicode;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Transforms.Steps.Text;

/// <summary>Puts the hash of a value, as small hexadecimal digits, in its place.</summary>
/// <param name="secret">The key, or the salt before the text; empty: none.</param>
internal sealed class HashStep(ImmutableArray<StepField> fields, HashKind algorithm, byte[] secret)
    : FieldStep(fields, TextScope.Everything)
{
    /// <inheritdoc/>
    protected override RecordErrorCode Change(OpenRecord record, int field, ReadOnlySpan<byte> text)
    {
        if (!Utf8.IsValid(text))
        {
            return RecordErrorCode.None;
        }

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        if (!TryHash(record, text, hash) || !record.TryMakeRoom(hash.Length * 2, out Span<byte> room))
        {
            return RecordErrorCode.ResultTooLong;
        }

        _ = Convert.TryToHexStringLower(hash, room, out int length);
        record.Keep(field, length);
        return RecordErrorCode.None;
    }

    private bool TryHash(OpenRecord record, ReadOnlySpan<byte> text, Span<byte> hash)
    {
        if (algorithm == HashKind.HmacSha256)
        {
            HMACSHA256.HashData(secret, text, hash);
            return true;
        }

        if (secret.Length == 0)
        {
            SHA256.HashData(text, hash);
            return true;
        }

        if (!record.TryMakeRoom((long)secret.Length + text.Length, out Span<byte> salted))
        {
            return false;
        }

        salted = salted[..(secret.Length + text.Length)];
        secret.CopyTo(salted);
        text.CopyTo(salted[secret.Length..]);
        SHA256.HashData(salted, hash);
        salted[..secret.Length].Clear();
        return true;
    }
}
