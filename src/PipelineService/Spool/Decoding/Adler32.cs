namespace PipelineService.Spool.Decoding;

/// <summary>The checksum of RFC 1950.</summary>
internal sealed class Adler32
{
    private const uint Modulus = 65_521;

    /// <summary>So many bytes can be added up before 32 bits overflow.</summary>
    private const int RunBytes = 5_552;

    private uint _a = 1;
    private uint _b;

    public uint Value => (_b << 16) | _a;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            ReadOnlySpan<byte> run = bytes[..Math.Min(bytes.Length, RunBytes)];
            (uint a, uint b) = (_a, _b);
            foreach (byte value in run)
            {
                a += value;
                b += a;
            }

            (_a, _b) = (a % Modulus, b % Modulus);
            bytes = bytes[run.Length..];
        }
    }
}
